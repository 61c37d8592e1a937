"""Where cards are."""

from django.urls import path, re_path

from modelcards.cards import api, views

EXPORT = r"^cards/(?P<slug>[-\w]+)/(?P<number>\d+\.\d+\.\d+)/(?P<form>card\.pdf|README\.md|bom\.cdx\.json|card\.json)$"

urlpatterns = [
    path("cards/", views.cards, name="cards"),
    path("cards/<slug:slug>/", views.card, name="card"),
    path("cards/<slug:slug>/draft/", views.draft, name="card_draft"),
    path("cards/<slug:slug>/preview/", views.preview, name="card_preview"),
    path("cards/<slug:slug>/approve/", views.approve, name="card_approve"),
    path("cards/<slug:slug>/publish/", views.publish, name="card_publish"),
    re_path(r"^cards/(?P<slug>[-\w]+)/(?P<number>\d+\.\d+\.\d+)/$", views.card, name="card_version"),
    re_path(EXPORT, views.export, name="card_export"),
]
api_urlpatterns = [
    path("model-cards", api.Cards.as_view(), name="model_cards"),
    path("model-cards/<slug:slug>", api.OneCard.as_view(), name="model_card"),
    path("model-cards/<slug:slug>/document", api.CardDocument.as_view(), name="model_card_document"),
]
