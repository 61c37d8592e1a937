"""Edges: the normative dimensions a system is judged on, as versioned trees, and the hard norms on them."""

from django.db import models


class EdgeSet(models.Model):
    """One version of a system's tree of edges. Never edited: adding or splitting an edge starts the next."""

    system = models.ForeignKey("governance.AISystem", on_delete=models.CASCADE, related_name="edge_sets")
    version = models.PositiveIntegerField()
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["system", "version"], name="edge_set_version_is_unique_in_its_system"
            )
        ]

    def __str__(self) -> str:
        return f"{self.system}, edges {self.version}"


class Edge(models.Model):
    """One edge with its card, or a group of edges; only leaves are scored. Higher is better on every edge.

    ``example_…`` illustrate the anchors. ``calibration`` says which data the scorer was calibrated on; ``…_n`` how
    many, ``…_metric`` and ``…_value`` how far off it was, ``…_low`` and ``…_high`` the 95 % interval of that.
    """

    edge_set = models.ForeignKey(EdgeSet, on_delete=models.CASCADE, related_name="edges")
    parent = models.ForeignKey("self", on_delete=models.CASCADE, null=True, related_name="children")
    position = models.PositiveIntegerField()
    slug = models.SlugField(max_length=40)
    name = models.CharField(max_length=80)
    definition = models.TextField()
    anchor_low = models.TextField()
    anchor_mid = models.TextField()
    anchor_high = models.TextField()
    example_low = models.TextField(blank=True)
    example_mid = models.TextField(blank=True)
    example_high = models.TextField(blank=True)
    scorer = models.CharField(max_length=120, blank=True)
    calibration = models.TextField(blank=True)
    calibration_n = models.PositiveIntegerField(null=True)
    calibration_metric = models.CharField(max_length=40, blank=True)
    calibration_value = models.FloatField(null=True)
    calibration_low = models.FloatField(null=True)
    calibration_high = models.FloatField(null=True)
    share = models.DecimalField(max_digits=9, decimal_places=6, null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["edge_set", "slug"], name="edge_slug_is_unique_in_its_set"),
            models.UniqueConstraint(
                fields=["edge_set", "position"], name="edge_position_is_unique_in_its_set"
            ),
            models.CheckConstraint(
                condition=models.Q(share__isnull=True) | models.Q(share__gte=0, share__lte=1),
                name="edge_share_lies_between_0_and_1",
            ),
            models.CheckConstraint(
                condition=models.Q(calibration_value__isnull=True)
                | models.Q(
                    ~models.Q(calibration=""),
                    ~models.Q(calibration_metric=""),
                    calibration_n__gte=1,
                    calibration_low__lte=models.F("calibration_value"),
                    calibration_high__gte=models.F("calibration_value"),
                ),
                name="edge_calibration_figure_comes_with_data_number_and_interval",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class HardNorm(models.Model):
    """``edge − z·sd ≥ minimum``: an option that breaks it may not be chosen, whatever the weights."""

    system = models.ForeignKey("governance.AISystem", on_delete=models.CASCADE, related_name="hard_norms")
    edge = models.SlugField(max_length=40)
    minimum = models.DecimalField(max_digits=7, decimal_places=6)
    z = models.DecimalField(max_digits=5, decimal_places=3, default=0)
    reason = models.TextField()
    created_at = models.DateTimeField()
    withdrawn_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(minimum__gte=0, minimum__lte=1),
                name="hard_norm_minimum_lies_between_0_and_1",
            ),
            models.CheckConstraint(condition=models.Q(z__gte=0), name="hard_norm_z_is_not_negative"),
            models.UniqueConstraint(
                fields=["system", "edge"],
                condition=models.Q(withdrawn_at__isnull=True),
                name="one_hard_norm_per_edge_is_in_force",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.edge} at least {self.minimum.normalize()}"
