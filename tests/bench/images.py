"""Draw the images that the pages can't have as SVG: what a link is shown by, and a home screen.

    python -m tests.bench.images

They are drawn anew only when the icon or the horizon changes; the fonts are this machine's.
"""

from pathlib import Path

from playwright.sync_api import sync_playwright

from massilia.service.page_rendering import STATIC

CHROMIUM = Path("/usr/bin/chromium")
MOST_BYTES = 60_000
CARD = """
<body style="margin: 0; width: 1200px; height: 630px; overflow: hidden; position: relative;
background: #0c3c55; font-family: 'DejaVu Serif', serif; color: #f7f1e5">
<div style="position: absolute; left: 90px; top: 96px; width: 112px">{icon}</div>
<div style="position: absolute; left: 232px; top: 108px; font-size: 76px; font-weight: 600">Massilia
</div>
<div style="position: absolute; left: 90px; top: 262px; font-size: 46px; line-height: 1.3">
La tech à Marseille,<br>citée à la lettre.</div>
<div style="position: absolute; right: 190px; bottom: 28px; width: 210px; height: 105px;
border-radius: 105px 105px 0 0; background: #f0a05f"></div>
<div style="position: absolute; left: -2400px; bottom: 0; width: 6000px; height: 120px">{horizon}
</div>
</body>
"""
ICON = '<body style="margin: 0; width: 180px; height: 180px; background: #0c3c55">{icon}</body>'


def main() -> None:
    """Write both images, and print how large they are."""
    icon = (STATIC / "favicon.svg").read_text(encoding="utf-8")
    horizon = (STATIC / "horizon.svg").read_text(encoding="utf-8")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        for name, html, width, height in (
            ("card.png", CARD.format(icon=icon, horizon=horizon), 1200, 630),
            ("touch-icon.png", ICON.format(icon=icon), 180, 180),
        ):
            page = browser.new_page(viewport={"width": width, "height": height})
            page.set_content(html)
            path = STATIC / name
            page.screenshot(path=path)
            print(f"{name}: {path.stat().st_size:,} bytes, of {MOST_BYTES:,} at most")
        browser.close()


if __name__ == "__main__":
    main()
