"""The one look of the page: a neutral grey, one accent, the machine's own typeface.

Gradio's components and ours read the same variables; studio.css only gives them shorter names.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from gradio.themes.base import Base
from gradio.themes.utils import colors

# A picture on the page is to be the brightest thing, so the light theme's ground is a middle grey and not white.
GREY = colors.Color(
    name="atelier-grey",
    c50="#ececec",
    c100="#e2e2e1",
    c200="#d6d6d5",
    c300="#c3c3c2",
    c400="#a0a09f",
    c500="#787877",
    c600="#565655",
    c700="#414140",
    c800="#2a2a2a",
    c900="#1e1e1e",
    c950="#161616",
)
# Vermilion, the colour of a seal on a print.
SEAL = colors.Color(
    name="atelier-seal",
    c50="#fbeae3",
    c100="#f6d3c6",
    c200="#f0b7a2",
    c300="#f59f80",
    c400="#f58a63",
    c500="#c9501f",
    c600="#a63c16",
    c700="#8f3212",
    c800="#6f280f",
    c900="#521e0c",
    c950="#3a1508",
)
TYPEFACE = (
    "system-ui",
    "-apple-system",
    "Segoe UI",
    "Roboto",
    "Noto Sans",
    "PingFang SC",
    "Hiragino Sans GB",
    "Microsoft YaHei",
    "Noto Sans CJK SC",
    "Noto Sans SC",
    "WenQuanYi Zen Hei",
    "sans-serif",
)
MONO = ("ui-monospace", "SFMono-Regular", "Menlo", "Consolas", "DejaVu Sans Mono", "monospace")
GROUND: Mapping[str, str] = MappingProxyType(
    {
        "body_background_fill": "*neutral_200",
        "body_background_fill_dark": "*neutral_950",
        "body_text_color": "#1b1b1b",
        "body_text_color_dark": "#e4e4e3",
        "body_text_color_subdued": "#4d4d4c",
        "body_text_color_subdued_dark": "#a3a3a2",
        "background_fill_primary": "*neutral_100",
        "background_fill_primary_dark": "*neutral_900",
        "background_fill_secondary": "*neutral_50",
        "background_fill_secondary_dark": "*neutral_800",
        "border_color_primary": "*neutral_300",
        "border_color_primary_dark": "#353535",
        "border_color_accent": "*primary_600",
        "border_color_accent_dark": "*primary_400",
        "color_accent": "*primary_600",
        "color_accent_soft": "#ead5cc",
        "color_accent_soft_dark": "#3b271f",
        "link_text_color": "*primary_700",
        "link_text_color_dark": "*primary_300",
        "shadow_drop": "none",
        "shadow_drop_lg": "none",
        "shadow_spread": "2px",
    }
)
PARTS: Mapping[str, str] = MappingProxyType(
    {
        "block_background_fill": "*background_fill_primary",
        "block_background_fill_dark": "*background_fill_primary",
        "block_border_width": "0px",
        "block_border_width_dark": "0px",
        "block_shadow": "none",
        "block_radius": "8px",
        "block_label_text_color": "*body_text_color_subdued",
        "block_title_text_color": "*body_text_color",
        "block_info_text_color": "*body_text_color_subdued",
        "input_background_fill": "*neutral_50",
        "input_background_fill_dark": "*neutral_800",
        "input_border_color": "#8a8a89",
        "input_border_color_dark": "#6d6d6c",
        "input_border_width": "1px",
        "input_radius": "6px",
        "input_placeholder_color": "#5c5c5b",
        "input_placeholder_color_dark": "#9a9a99",
        "slider_color": "*color_accent",
        "slider_color_dark": "*primary_400",
        "button_large_radius": "6px",
        "button_medium_radius": "6px",
        "button_small_radius": "6px",
        "button_primary_background_fill": "*primary_600",
        "button_primary_background_fill_hover": "*primary_700",
        "button_primary_background_fill_dark": "*primary_400",
        "button_primary_background_fill_hover_dark": "*primary_300",
        "button_primary_text_color": "#ffffff",
        "button_primary_text_color_dark": "#1b1b1b",
        "button_primary_shadow": "none",
        "button_secondary_background_fill": "*neutral_300",
        "button_secondary_background_fill_hover": "#b7b7b6",
        "button_secondary_background_fill_dark": "*neutral_800",
        "button_secondary_background_fill_hover_dark": "*neutral_700",
        "button_secondary_text_color": "*body_text_color",
        "button_secondary_text_color_dark": "*body_text_color",
        "button_secondary_shadow": "none",
    }
)


class Quiet(Base):
    """Gradio's tokens in the page's colours."""

    def __init__(self) -> None:
        super().__init__(primary_hue=SEAL, secondary_hue=GREY, neutral_hue=GREY, font=TYPEFACE, font_mono=MONO)
        self.name = "quiet"
        # In one call: a second one would set back whatever it does not name.
        self.set(**GROUND, **PARTS)
