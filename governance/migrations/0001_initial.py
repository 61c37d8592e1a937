"""The governance floor: organisations, people and their roles, AI systems, edges, norms, policies, keys, jobs."""

import uuid

import django.contrib.auth.models
import django.contrib.auth.validators
import django.contrib.postgres.fields
import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

from governance.migrations._together import CreateModels


class Migration(migrations.Migration):
    initial = True

    # The first of those that it stands for had this name, and no migration replaces itself.
    replaces = [
        ("governance", "0002_edge_cards"),
        ("governance", "0003_successor_keys"),
        ("governance", "0004_reference_profile"),
    ]

    dependencies = [("auth", "0012_alter_user_first_name_max_length")]

    operations = [
        CreateModels(
            migrations.CreateModel(
                name="Organisation",
                fields=[
                    (
                        "id",
                        models.BigAutoField(
                            auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                        ),
                    ),
                    ("slug", models.SlugField(max_length=60, unique=True)),
                    ("name", models.CharField(max_length=120)),
                    ("log_is_public", models.BooleanField(default=False)),
                    ("created_at", models.DateTimeField()),
                ],
                options={
                    "permissions": (
                        ("manage_people", "Add people and give them roles"),
                        ("manage_keys", "Create and revoke API keys"),
                        ("manage_organisation", "Change the organisation's settings"),
                        ("manage_systems", "Register AI systems and versions"),
                        ("manage_edges", "Define edges and hard norms"),
                        ("set_first_policy", "Set the first weights, without a vote"),
                        ("manage_cards", "Write and publish model cards"),
                        ("manage_findings", "Work findings"),
                        ("manage_councils", "Charter councils, run proposals"),
                        ("take_part", "Deliberate and vote where seated"),
                        ("view_governed", "Read systems, policies, councils, proposals and results"),
                        ("view_decisions", "Read decisions"),
                        ("view_findings", "Read findings"),
                        ("view_log", "Read the log and its events"),
                        ("view_people", "Read who holds which role"),
                        ("export_reports", "Request and download reports"),
                    ),
                    "default_permissions": (),
                },
            ),
            migrations.CreateModel(
                name="Person",
                fields=[
                    (
                        "id",
                        models.BigAutoField(
                            auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                        ),
                    ),
                    ("password", models.CharField(max_length=128, verbose_name="password")),
                    ("last_login", models.DateTimeField(blank=True, null=True, verbose_name="last login")),
                    (
                        "is_superuser",
                        models.BooleanField(
                            default=False,
                            help_text="Designates that this user has all permissions without explicitly assigning them.",
                            verbose_name="superuser status",
                        ),
                    ),
                    (
                        "username",
                        models.CharField(
                            error_messages={"unique": "A user with that username already exists."},
                            help_text="Required. 150 characters or fewer. Letters, digits and @/./+/-/_ only.",
                            max_length=150,
                            unique=True,
                            validators=[django.contrib.auth.validators.UnicodeUsernameValidator()],
                            verbose_name="username",
                        ),
                    ),
                    ("first_name", models.CharField(blank=True, max_length=150, verbose_name="first name")),
                    ("last_name", models.CharField(blank=True, max_length=150, verbose_name="last name")),
                    ("email", models.EmailField(blank=True, max_length=254, verbose_name="email address")),
                    (
                        "is_staff",
                        models.BooleanField(
                            default=False,
                            help_text="Designates whether the user can log into this admin site.",
                            verbose_name="staff status",
                        ),
                    ),
                    (
                        "is_active",
                        models.BooleanField(
                            default=True,
                            help_text="Designates whether this user should be treated as active. Unselect this instead of deleting accounts.",
                            verbose_name="active",
                        ),
                    ),
                    (
                        "date_joined",
                        models.DateTimeField(default=django.utils.timezone.now, verbose_name="date joined"),
                    ),
                    ("display_name", models.CharField(blank=True, max_length=120)),
                    (
                        "groups",
                        models.ManyToManyField(
                            blank=True,
                            help_text="The groups this user belongs to. A user will get all permissions granted to each of their groups.",
                            related_name="user_set",
                            related_query_name="user",
                            to="auth.group",
                            verbose_name="groups",
                        ),
                    ),
                    (
                        "user_permissions",
                        models.ManyToManyField(
                            blank=True,
                            help_text="Specific permissions for this user.",
                            related_name="user_set",
                            related_query_name="user",
                            to="auth.permission",
                            verbose_name="user permissions",
                        ),
                    ),
                ],
                options={
                    "verbose_name": "user",
                    "verbose_name_plural": "users",
                    "abstract": False,
                },
                managers=[
                    ("objects", django.contrib.auth.models.UserManager()),
                ],
            ),
            migrations.CreateModel(
                name="AISystem",
                fields=[
                    (
                        "id",
                        models.BigAutoField(
                            auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                        ),
                    ),
                    ("slug", models.SlugField(max_length=60)),
                    ("name", models.CharField(max_length=120)),
                    ("purpose", models.TextField()),
                    (
                        "position",
                        models.CharField(
                            choices=[
                                ("provider", "Provider"),
                                ("deployer", "Deployer"),
                                ("both", "Provider and deployer"),
                            ],
                            max_length=16,
                        ),
                    ),
                    (
                        "risk_class",
                        models.CharField(
                            choices=[
                                ("minimal", "Minimal"),
                                ("limited", "Limited (transparency duties)"),
                                ("high", "High (Annex III or Annex I)"),
                            ],
                            max_length=16,
                        ),
                    ),
                    ("risk_reasoning", models.TextField()),
                    ("moderates_content", models.BooleanField(default=False)),
                    ("created_at", models.DateTimeField()),
                    (
                        "accountable_officer",
                        models.ForeignKey(
                            null=True,
                            on_delete=django.db.models.deletion.PROTECT,
                            related_name="answers_for",
                            to=settings.AUTH_USER_MODEL,
                        ),
                    ),
                    (
                        "organisation",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.PROTECT,
                            related_name="systems",
                            to="governance.organisation",
                        ),
                    ),
                ],
                options={
                    "constraints": [
                        models.UniqueConstraint(
                            fields=("organisation", "slug"), name="system_slug_is_unique_in_its_organisation"
                        ),
                        models.CheckConstraint(
                            condition=models.Q(("position__in", ["provider", "deployer", "both"])),
                            name="system_position_is_provider_or_deployer",
                        ),
                        models.CheckConstraint(
                            condition=models.Q(("risk_class__in", ["minimal", "limited", "high"])),
                            name="system_risk_class_is_known",
                        ),
                        models.CheckConstraint(
                            condition=models.Q(("purpose", ""), _negated=True),
                            name="system_states_its_intended_purpose",
                        ),
                    ],
                },
            ),
            migrations.CreateModel(
                name="EdgeSet",
                fields=[
                    (
                        "id",
                        models.BigAutoField(
                            auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                        ),
                    ),
                    ("version", models.PositiveIntegerField()),
                    ("created_at", models.DateTimeField()),
                    (
                        "system",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.CASCADE,
                            related_name="edge_sets",
                            to="governance.aisystem",
                        ),
                    ),
                ],
                options={
                    "constraints": [
                        models.UniqueConstraint(
                            fields=("system", "version"), name="edge_set_version_is_unique_in_its_system"
                        )
                    ],
                },
            ),
            migrations.CreateModel(
                name="Edge",
                fields=[
                    (
                        "id",
                        models.BigAutoField(
                            auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                        ),
                    ),
                    ("position", models.PositiveIntegerField()),
                    ("slug", models.SlugField(max_length=40)),
                    ("name", models.CharField(max_length=80)),
                    ("definition", models.TextField()),
                    ("anchor_low", models.TextField()),
                    ("anchor_mid", models.TextField()),
                    ("anchor_high", models.TextField()),
                    ("scorer", models.CharField(blank=True, max_length=120)),
                    ("calibration", models.TextField(blank=True)),
                    ("share", models.DecimalField(decimal_places=6, max_digits=9, null=True)),
                    (
                        "parent",
                        models.ForeignKey(
                            null=True,
                            on_delete=django.db.models.deletion.CASCADE,
                            related_name="children",
                            to="governance.edge",
                        ),
                    ),
                    (
                        "edge_set",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.CASCADE,
                            related_name="edges",
                            to="governance.edgeset",
                        ),
                    ),
                    ("calibration_high", models.FloatField(null=True)),
                    ("calibration_low", models.FloatField(null=True)),
                    ("calibration_metric", models.CharField(blank=True, max_length=40)),
                    ("calibration_n", models.PositiveIntegerField(null=True)),
                    ("calibration_value", models.FloatField(null=True)),
                    ("example_high", models.TextField(blank=True)),
                    ("example_low", models.TextField(blank=True)),
                    ("example_mid", models.TextField(blank=True)),
                ],
                options={
                    "constraints": [
                        models.UniqueConstraint(
                            fields=("edge_set", "slug"), name="edge_slug_is_unique_in_its_set"
                        ),
                        models.UniqueConstraint(
                            fields=("edge_set", "position"), name="edge_position_is_unique_in_its_set"
                        ),
                        models.CheckConstraint(
                            condition=models.Q(
                                ("share__isnull", True),
                                models.Q(("share__gte", 0), ("share__lte", 1)),
                                _connector="OR",
                            ),
                            name="edge_share_lies_between_0_and_1",
                        ),
                        models.CheckConstraint(
                            condition=models.Q(
                                ("calibration_value__isnull", True),
                                models.Q(
                                    models.Q(("calibration", ""), _negated=True),
                                    models.Q(("calibration_metric", ""), _negated=True),
                                    ("calibration_high__gte", models.F("calibration_value")),
                                    ("calibration_low__lte", models.F("calibration_value")),
                                    ("calibration_n__gte", 1),
                                ),
                                _connector="OR",
                            ),
                            name="edge_calibration_figure_comes_with_data_number_and_interval",
                        ),
                    ],
                },
            ),
            migrations.CreateModel(
                name="HardNorm",
                fields=[
                    (
                        "id",
                        models.BigAutoField(
                            auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                        ),
                    ),
                    ("edge", models.SlugField(max_length=40)),
                    ("minimum", models.DecimalField(decimal_places=6, max_digits=7)),
                    ("z", models.DecimalField(decimal_places=3, default=0, max_digits=5)),
                    ("reason", models.TextField()),
                    ("created_at", models.DateTimeField()),
                    ("withdrawn_at", models.DateTimeField(null=True)),
                    (
                        "system",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.CASCADE,
                            related_name="hard_norms",
                            to="governance.aisystem",
                        ),
                    ),
                ],
                options={
                    "constraints": [
                        models.CheckConstraint(
                            condition=models.Q(("minimum__gte", 0), ("minimum__lte", 1)),
                            name="hard_norm_minimum_lies_between_0_and_1",
                        ),
                        models.CheckConstraint(
                            condition=models.Q(("z__gte", 0)), name="hard_norm_z_is_not_negative"
                        ),
                        models.UniqueConstraint(
                            condition=models.Q(("withdrawn_at__isnull", True)),
                            fields=("system", "edge"),
                            name="one_hard_norm_per_edge_is_in_force",
                        ),
                    ],
                },
            ),
            migrations.CreateModel(
                name="ModelVersion",
                fields=[
                    (
                        "id",
                        models.BigAutoField(
                            auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                        ),
                    ),
                    ("name", models.CharField(max_length=60)),
                    ("notes", models.TextField(blank=True)),
                    ("released_at", models.DateTimeField()),
                    (
                        "system",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.CASCADE,
                            related_name="versions",
                            to="governance.aisystem",
                        ),
                    ),
                ],
                options={
                    "constraints": [
                        models.UniqueConstraint(
                            fields=("system", "name"), name="model_version_name_is_unique_in_its_system"
                        )
                    ],
                },
            ),
            migrations.CreateModel(
                name="Membership",
                fields=[
                    (
                        "id",
                        models.BigAutoField(
                            auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                        ),
                    ),
                    (
                        "role",
                        models.CharField(
                            choices=[
                                ("admin", "Administrator"),
                                ("owner", "System owner"),
                                ("chair", "Council chair"),
                                ("member", "Council member"),
                                ("auditor", "Auditor"),
                            ],
                            max_length=16,
                        ),
                    ),
                    ("created_at", models.DateTimeField()),
                    (
                        "person",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.CASCADE,
                            related_name="memberships",
                            to=settings.AUTH_USER_MODEL,
                        ),
                    ),
                    (
                        "organisation",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.PROTECT,
                            related_name="memberships",
                            to="governance.organisation",
                        ),
                    ),
                ],
                options={
                    "verbose_name": "membership",
                    "constraints": [
                        models.UniqueConstraint(
                            fields=("person", "organisation", "role"),
                            name="person_holds_a_role_once_per_organisation",
                        ),
                        models.CheckConstraint(
                            condition=models.Q(
                                ("role__in", ["admin", "owner", "chair", "member", "auditor"])
                            ),
                            name="membership_role_is_known",
                        ),
                    ],
                },
            ),
            migrations.CreateModel(
                name="Job",
                fields=[
                    (
                        "id",
                        models.UUIDField(
                            default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                        ),
                    ),
                    ("task", models.CharField(max_length=80)),
                    ("arguments", models.JSONField(default=dict)),
                    (
                        "state",
                        models.CharField(
                            choices=[
                                ("queued", "queued"),
                                ("running", "running"),
                                ("done", "done"),
                                ("failed", "failed"),
                            ],
                            default="queued",
                            max_length=16,
                        ),
                    ),
                    ("due_at", models.DateTimeField()),
                    ("started_at", models.DateTimeField(null=True)),
                    ("finished_at", models.DateTimeField(null=True)),
                    ("attempts", models.PositiveIntegerField(default=0)),
                    ("progress", models.PositiveSmallIntegerField(default=0)),
                    ("progress_text", models.CharField(blank=True, max_length=160)),
                    ("error", models.TextField(blank=True)),
                    ("result", models.JSONField(null=True)),
                    ("created_at", models.DateTimeField()),
                    (
                        "organisation",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.CASCADE,
                            related_name="jobs",
                            to="governance.organisation",
                        ),
                    ),
                ],
                options={
                    "indexes": [models.Index(fields=["state", "due_at"], name="job_by_state_and_due")],
                    "constraints": [
                        models.CheckConstraint(
                            condition=models.Q(("progress__lte", 100)), name="job_progress_is_at_most_100"
                        )
                    ],
                },
            ),
            migrations.CreateModel(
                name="PersonalToken",
                fields=[
                    (
                        "id",
                        models.BigAutoField(
                            auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                        ),
                    ),
                    ("label", models.CharField(max_length=80)),
                    ("prefix", models.CharField(max_length=16)),
                    ("digest", models.BinaryField(max_length=32, unique=True)),
                    ("created_at", models.DateTimeField()),
                    ("expires_at", models.DateTimeField(null=True)),
                    ("revoked_at", models.DateTimeField(null=True)),
                    (
                        "organisation",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.CASCADE,
                            related_name="tokens",
                            to="governance.organisation",
                        ),
                    ),
                    (
                        "person",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.CASCADE,
                            related_name="tokens",
                            to=settings.AUTH_USER_MODEL,
                        ),
                    ),
                ],
                options={
                    "constraints": [
                        models.CheckConstraint(
                            condition=models.Q(
                                ("expires_at__isnull", True),
                                ("expires_at__gt", models.F("created_at")),
                                _connector="OR",
                            ),
                            name="personal_token_expires_after_its_creation",
                        )
                    ],
                },
            ),
            migrations.CreateModel(
                name="Policy",
                fields=[
                    (
                        "id",
                        models.BigAutoField(
                            auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                        ),
                    ),
                    ("version", models.PositiveIntegerField()),
                    ("context", models.JSONField(default=dict)),
                    (
                        "state",
                        models.CharField(
                            choices=[
                                ("in_force", "In force"),
                                ("superseded", "Superseded"),
                                ("revoked", "Revoked"),
                            ],
                            max_length=16,
                        ),
                    ),
                    (
                        "rule",
                        models.CharField(
                            choices=[
                                ("weighted_sum", "Weighted sum"),
                                ("tchebycheff", "Protect the worst"),
                                ("nash", "Nothing traded to nothing"),
                                ("lexicographic", "Strict priorities"),
                            ],
                            max_length=16,
                        ),
                    ),
                    ("weights", models.JSONField()),
                    ("norms", models.JSONField(default=list)),
                    ("bounds", models.JSONField(default=dict)),
                    ("tiers", models.JSONField(default=list)),
                    ("clarification_threshold", models.FloatField(null=True)),
                    ("rationale_required", models.BooleanField(default=False)),
                    ("adapter", models.CharField(blank=True, max_length=120)),
                    ("in_force_from", models.DateTimeField()),
                    ("in_force_until", models.DateTimeField(null=True)),
                    ("review_by", models.DateField(null=True)),
                    ("digest", models.CharField(max_length=64)),
                    ("note", models.TextField()),
                    ("source", models.JSONField()),
                    ("key", models.CharField(max_length=80, null=True)),
                    (
                        "created_by",
                        models.ForeignKey(
                            null=True,
                            on_delete=django.db.models.deletion.PROTECT,
                            related_name="+",
                            to=settings.AUTH_USER_MODEL,
                        ),
                    ),
                    (
                        "edge_set",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.PROTECT,
                            related_name="policies",
                            to="governance.edgeset",
                        ),
                    ),
                    (
                        "system",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.PROTECT,
                            related_name="policies",
                            to="governance.aisystem",
                        ),
                    ),
                    ("reference", models.JSONField(default=dict)),
                ],
                options={
                    "constraints": [
                        models.UniqueConstraint(
                            fields=("system", "version"), name="policy_version_is_unique_in_its_system"
                        ),
                        models.UniqueConstraint(
                            fields=("system", "key"), name="policy_is_enacted_once_per_key"
                        ),
                        models.UniqueConstraint(
                            condition=models.Q(("state", "in_force")),
                            fields=("system", "context"),
                            name="one_policy_per_context_is_in_force",
                        ),
                        models.CheckConstraint(
                            condition=models.Q(
                                ("in_force_until__isnull", True),
                                ("in_force_until__gte", models.F("in_force_from")),
                                _connector="OR",
                            ),
                            name="policy_ends_after_it_begins",
                        ),
                        models.CheckConstraint(
                            condition=models.Q(
                                models.Q(("in_force_until__isnull", True), ("state", "in_force")),
                                models.Q(
                                    models.Q(("state", "in_force"), _negated=True),
                                    ("in_force_until__isnull", False),
                                ),
                                _connector="OR",
                            ),
                            name="policy_in_force_has_no_end",
                        ),
                    ],
                },
            ),
            migrations.CreateModel(
                name="ApiKey",
                fields=[
                    (
                        "id",
                        models.BigAutoField(
                            auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                        ),
                    ),
                    ("label", models.CharField(max_length=80)),
                    ("prefix", models.CharField(max_length=16)),
                    ("digest", models.BinaryField(max_length=32, unique=True)),
                    (
                        "scopes",
                        django.contrib.postgres.fields.ArrayField(
                            base_field=models.CharField(max_length=32), size=None
                        ),
                    ),
                    ("created_at", models.DateTimeField()),
                    ("expires_at", models.DateTimeField(null=True)),
                    ("revoked_at", models.DateTimeField(null=True)),
                    (
                        "system",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.CASCADE,
                            related_name="api_keys",
                            to="governance.aisystem",
                        ),
                    ),
                ],
                options={
                    "constraints": [
                        models.CheckConstraint(
                            condition=models.Q(
                                ("expires_at__isnull", True),
                                ("expires_at__gt", models.F("created_at")),
                                _connector="OR",
                            ),
                            name="api_key_expires_after_its_creation",
                        )
                    ],
                },
            ),
            migrations.CreateModel(
                name="SuccessorKey",
                fields=[
                    (
                        "id",
                        models.BigAutoField(
                            auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                        ),
                    ),
                    ("vkey", models.CharField(max_length=400, unique=True)),
                    ("predecessor", models.CharField(max_length=400)),
                    ("note", models.TextField()),
                    ("announced_at", models.DateTimeField()),
                ],
                options={
                    "constraints": [
                        models.CheckConstraint(
                            condition=models.Q(("vkey", models.F("predecessor")), _negated=True),
                            name="policy_key_does_not_follow_itself",
                        )
                    ],
                },
            ),
        ),
    ]
