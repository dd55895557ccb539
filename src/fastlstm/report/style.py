"""Style sheet of the report: two palettes, one column on a phone, several on a desktop."""

from __future__ import annotations

# Hues that differ for every kind of colour vision, in two lightnesses: at least 3:1 against the
# card behind them, 4.5:1 for text. Beyond eight methods the colours repeat with dashes.
LIGHT = ("#0072B2", "#C24E00", "#00785A", "#A33B7E", "#6B5B00", "#4B55C4", "#007C89", "#8C3B2E")
DARK = ("#5CB8F0", "#FF9248", "#3CCB9B", "#F08CC6", "#E8D44D", "#A9B1FF", "#5AD1DB", "#F29A8C")
N_COLOURS = len(LIGHT)
DASHES = ("none", "7 4", "2 3")
MAX_STYLES = N_COLOURS * len(DASHES)

_PAGE = """
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%;text-size-adjust:100%}
body{margin:0;background:var(--page);color:var(--ink);
font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif}
main{max-width:1240px;margin:0 auto;padding:24px 12px 48px}
h1{font-size:1.6rem;line-height:1.25;margin:0 0 4px}
h2{font-size:1.2rem;margin:40px 0 4px}
p{margin:4px 0 12px;max-width:75ch}
.sub,.note{color:var(--soft)}
.note{font-size:.875rem}
.lead{font-size:1.1rem;margin:16px 0}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(150px,1fr));gap:12px;margin:16px 0}
.tile,figure,.scroll,fieldset,.facts{background:var(--card);border:1px solid var(--edge);
border-radius:10px}
.tile{padding:12px 14px}
.tile b{display:block;overflow-wrap:anywhere;
font-size:1.5rem;line-height:1.2;font-variant-numeric:tabular-nums}
.tile span{color:var(--soft);font-size:.875rem}
.scroll{overflow-x:auto;margin:12px 0}
table{border-collapse:collapse;width:100%;font-size:.9375rem;font-variant-numeric:tabular-nums}
th,td{padding:8px 12px;text-align:right;white-space:nowrap;border-bottom:1px solid var(--edge)}
th{font-weight:600;color:var(--soft);font-size:.875rem;vertical-align:bottom}
th.wrap{white-space:normal;min-width:8em}
th:first-child,td:first-child,td.text,th.text{text-align:left}
td.text{white-space:normal;min-width:11em}
tbody tr:last-child>*{border-bottom:0}
tbody th{color:var(--ink);font-size:.9375rem}
tr.best>*{background:var(--tint);font-weight:600}
td small,tbody th small{display:block;color:var(--soft);font-weight:400;font-size:.8125rem;
white-space:normal;min-width:9em}
.grid-of-charts{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(340px,100%),1fr));
gap:14px;margin:12px 0}
figure{margin:0;padding:10px;min-width:0;display:flex;flex-direction:column}
figcaption{order:-1;margin:0 2px 6px}
h3{font-size:1.05rem;margin:20px 0 0}
figcaption h4{font-size:1rem;line-height:1.3;margin:0;overflow-wrap:anywhere}
svg.chart{display:block;width:100%;height:auto;touch-action:pan-y}
svg text{fill:currentColor;font-family:inherit}
.tick{font-size:15px;font-variant-numeric:tabular-nums}
.label{font-size:16px}
.grid{stroke:var(--edge);fill:none}
.axis,.zero{stroke:var(--soft);fill:none}
.mark,.cursor{stroke:var(--soft);stroke-dasharray:3 4;fill:none}
.shade{fill:var(--shade)}
.band{fill:var(--shade)}
.line{fill:none;stroke-width:2;stroke-linejoin:round}
.stem{fill:none;stroke-width:3}
.measured{stroke:currentColor;stroke-width:3.5;opacity:.45}
.thin{stroke-width:1.1}
.faint{opacity:.45;stroke-width:1.2}
.legend{display:flex;flex-wrap:wrap;gap:2px 14px;margin:6px 2px 0;padding:0;list-style:none;
font-size:.875rem}
.swatch{display:inline-block;width:22px;height:10px;margin-right:6px;vertical-align:middle}
.swatch path{fill:none;stroke-width:3}
.swatch .measured{stroke-width:5}
.readout{display:block;min-height:1.5em;font-size:.875rem;margin:4px 2px 0;color:var(--soft)}
fieldset{margin:0;min-width:0;padding:6px 14px 10px;display:flex;flex-wrap:wrap;gap:2px 18px;
align-content:flex-start}
fieldset p{flex-basis:100%}
legend{float:left;width:100%;padding:4px 0;font-weight:600}
fieldset label{display:inline-flex;align-items:center;min-height:32px;cursor:pointer}
fieldset input{width:18px;height:18px;margin:0 8px 0 0;accent-color:var(--c0)}
.facts{display:grid;grid-template-columns:minmax(0,1fr);margin:12px 0;padding:4px 14px}
.facts div{display:grid;grid-template-columns:minmax(0,1fr);gap:0 12px;
padding:7px 0;border-bottom:1px solid var(--edge)}
.facts div:last-child{border-bottom:0}
pre{background:var(--card);border:1px solid var(--edge);border-radius:10px;overflow-x:auto;
margin:12px 0;padding:10px 14px;font-size:.875rem;line-height:1.45}
dt{color:var(--soft)}
dd{margin:0;overflow-wrap:anywhere}
@media(min-width:700px){main{padding:40px 28px 64px}h1{font-size:2rem}
.facts div{grid-template-columns:190px minmax(0,1fr)}}
@media print{body{background:#fff}fieldset{display:none}figure{break-inside:avoid}}
"""

_LIGHT_GREYS = (
    "--page:#f4f5f7;--card:#fff;--ink:#16191d;--soft:#545b66;--edge:#d9dde3;"
    "--tint:#e8f2fa;--shade:#dfe4ea"
)
_DARK_GREYS = (
    "--page:#121417;--card:#1b1e23;--ink:#eceff3;--soft:#a9b1bc;--edge:#363c45;"
    "--tint:#1d3243;--shade:#31373f"
)


def style_sheet() -> str:
    """CSS of the page; a method is coloured by its class and hidden by its checkbox."""
    light, dark = (
        ";".join(f"--c{k}:{colour}" for k, colour in enumerate(palette))
        for palette in (LIGHT, DARK)
    )
    rules = [
        f":root{{color-scheme:light dark;{_LIGHT_GREYS};{light}}}",
        f"@media(prefers-color-scheme:dark){{:root{{{_DARK_GREYS};{dark}}}}}",
        _PAGE.strip(),
    ]
    for k in range(MAX_STYLES):
        colour = f"var(--c{k % N_COLOURS})"
        rules.append(
            f".m{k}{{stroke:{colour};stroke-dasharray:{DASHES[k // N_COLOURS]}}}"
            f".dot.m{k}{{fill:{colour}}}"
            f"body:has(#show-m{k}:not(:checked)) .optional.m{k}{{display:none}}"
        )
    return "\n".join(rules)
