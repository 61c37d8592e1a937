from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("audits", "0010_losses")]

    operations = [
        migrations.AddField(
            model_name="block",
            name="least_margin",
            field=models.PositiveIntegerField(default=0),
        ),
    ]
