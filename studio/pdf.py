"""A PDF written page by page (ISO 32000-1): pictures as JPEG, and words in whatever script, set by the reader's own fonts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby

PAGE = (595, 842)  # A4 in points, 72 an inch
WIDE, NARROW = 1.0, 0.53  # em: a Chinese character, the mean of Helvetica's
_CATALOG, _PAGES, _LATIN, _OTHER = 1, 2, 3, 4
# Neither font is in the file. Readers have Helvetica and, for what it lacks, a Chinese one of their own (Adobe-GB1, UTF-16).
_FONTS = (
    b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
    b"<< /Type /Font /Subtype /Type0 /BaseFont /STSong-Light /Encoding /UniGB-UTF16-H /DescendantFonts [5 0 R] >>",
    b"<< /Type /Font /Subtype /CIDFontType0 /BaseFont /STSong-Light /CIDSystemInfo << /Registry (Adobe) /Ordering (GB1) /Supplement 4 >>"
    b" /FontDescriptor 6 0 R /DW 1000 >>",
    b"<< /Type /FontDescriptor /FontName /STSong-Light /Flags 4 /FontBBox [-25 -254 1000 880] /ItalicAngle 0 /Ascent 880 /Descent -120"
    b" /CapHeight 880 /StemV 93 >>",
)


@dataclass(frozen=True)
class Said:
    """A line of words, its baseline beginning at x, y points from the lower left."""

    x: float
    y: float
    text: str
    size: float = 8.0  # points
    grey: float = 0.0  # 0 = black, 1 = white


@dataclass(frozen=True, eq=False)
class Shown:
    """A JPEG in RGB, its lower left corner at x, y."""

    x: float
    y: float
    width: float
    height: float
    jpeg: bytes
    pixels: tuple[int, int]  # width, height


Page = Iterable[Said | Shown]


def pdf(pages: Iterable[Page]) -> Iterator[bytes]:
    """The bytes of a document; one page is held at a time."""
    places: dict[int, int] = {}
    at = 0

    def told(number: int, body: bytes) -> bytes:
        nonlocal at
        places[number] = at
        text = b"%d 0 obj\n%b\nendobj\n" % (number, body)
        at += len(text)
        return text

    start = b"%PDF-1.5\n%\xe2\xe3\xcf\xd3\n"  # bytes above 127 say that the file is not text
    at += len(start)
    yield start
    for number, font in enumerate(_FONTS, start=_LATIN):
        yield told(number, font)
    free, kids = _LATIN + len(_FONTS), list[int]()
    for page in pages:
        drawn, images = list[bytes](), list[int]()
        for mark in page:
            if isinstance(mark, Said):
                drawn.append(_words(mark))
                continue
            images.append(free)
            drawn.append(b"q %.2f 0 0 %.2f %.2f %.2f cm /I%d Do Q" % (mark.width, mark.height, mark.x, mark.y, free))
            yield told(free, _image(mark))
            free += 1
        yield told(free, _stream(b"<<", b"\n".join(drawn)))
        kids.append(free + 1)
        yield told(free + 1, _page(free, images))
        free += 2
    yield told(_PAGES, b"<< /Type /Pages /Count %d /Kids [%b] >>" % (len(kids), b" ".join(b"%d 0 R" % kid for kid in kids)))
    yield told(_CATALOG, b"<< /Type /Catalog /Pages %d 0 R >>" % _PAGES)
    table = b"".join(b"%010d 00000 n \n" % places[number] for number in range(1, free))
    yield b"xref\n0 %d\n0000000000 65535 f \n%b" % (free, table)
    yield b"trailer\n<< /Size %d /Root %d 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (free, _CATALOG, at)


def width(text: str, size: float) -> float:
    """How wide a text becomes, in points, near enough to break lines by."""
    return size * sum(WIDE if one > "\u2e7f" else NARROW for one in text)


def lines(text: str, size: float, most: float) -> list[str]:
    """A text in lines of at most so many points, broken at spaces where there are some."""
    broken, line = list[str](), ""
    for one in text:
        if width(line + one, size) > most:
            head, space, rest = line.rpartition(" ")
            broken.append(head if space else line)
            line = (rest if space else "") + one
        else:
            line += one
    return [*broken, line]


def _words(said: Said) -> bytes:
    """A line, each script in its own font, one going on where the other ends."""
    runs = b" ".join(_run("".join(run), said.size, latin) for latin, run in groupby(said.text, _is_latin))
    return b"BT %.2f g %.2f %.2f Td %b ET" % (said.grey, said.x, said.y, runs)


def _run(text: str, size: float, latin: bool) -> bytes:
    coded = text.encode("cp1252" if latin else "utf-16-be", "replace").hex().encode()
    return b"/F%d %.1f Tf <%b> Tj" % (_LATIN if latin else _OTHER, size, coded)


def _is_latin(one: str) -> bool:
    """Whether Helvetica has it."""
    try:
        return bool(one.encode("cp1252"))
    except UnicodeEncodeError:
        return False


def _image(shown: Shown) -> bytes:
    kind = b"<< /Type /XObject /Subtype /Image /Width %d /Height %d /ColorSpace /DeviceRGB /BitsPerComponent 8 /Filter /DCTDecode"
    return _stream(kind % shown.pixels, shown.jpeg)


def _page(content: int, images: list[int]) -> bytes:
    fonts = b" ".join(b"/F%d %d 0 R" % (font, font) for font in (_LATIN, _OTHER))
    used = b" ".join(b"/I%d %d 0 R" % (one, one) for one in images)
    text = b"<< /Type /Page /Parent %d 0 R /MediaBox [0 0 %d %d] /Contents %d 0 R /Resources << /Font << %b >> /XObject << %b >> >> >>"
    return text % (_PAGES, *PAGE, content, fonts, used)


def _stream(head: bytes, body: bytes) -> bytes:
    return head + b" /Length %d >>\nstream\n%b\nendstream" % (len(body), body)
