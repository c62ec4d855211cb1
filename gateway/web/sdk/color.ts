/**
 * Brand colours that stay readable.
 *
 * Lives here: WCAG 2 contrast, the text colour on a brand colour, and a brand colour moved towards
 * black or white until it can be read on a given ground.
 */

export type Rgb = readonly [number, number, number];

/** Parses `#rgb` or `#rrggbb`; anything else is `null`. */
export function parseColor(hex: string | null | undefined): Rgb | null {
  const short = /^#?([0-9a-f])([0-9a-f])([0-9a-f])$/i.exec(hex ?? "");
  const full = short ? short.slice(1).map((c) => c + c) : /^#?(..)(..)(..)$/.exec(hex ?? "")?.slice(1);
  const parts = full?.map((part) => parseInt(part, 16));
  return parts && parts.every((n) => n >= 0) ? [parts[0]!, parts[1]!, parts[2]!] : null;
}

export function formatColor(rgb: Rgb): string {
  return "#" + rgb.map((n) => Math.round(n).toString(16).padStart(2, "0")).join("");
}

function luminance(rgb: Rgb): number {
  const [r, g, b] = rgb.map((n) => {
    const c = n / 255;
    return c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r! + 0.7152 * g! + 0.0722 * b!;
}

/** The WCAG contrast ratio of two colours, 1 to 21. */
export function contrast(a: Rgb, b: Rgb): number {
  const [x, y] = [luminance(a) + 0.05, luminance(b) + 0.05];
  return x > y ? x / y : y / x;
}

/** Moves `from` towards `to` by `share` (0 to 1). */
export function mix(from: Rgb, to: Rgb, share: number): Rgb {
  return [0, 1, 2].map((i) => from[i]! + (to[i]! - from[i]!) * share) as unknown as Rgb;
}

const WHITE: Rgb = [255, 255, 255];
const BLACK: Rgb = [0, 0, 0];

/** White where it can be read, else whichever of white and black reads better on `ground`. */
export function textOn(ground: Rgb): Rgb {
  return contrast(ground, WHITE) >= Math.min(4.5, contrast(ground, BLACK)) ? WHITE : BLACK;
}

/** `color`, moved just far enough from `ground` to reach `ratio`. */
export function readableOn(color: Rgb, ground: Rgb, ratio = 4.5): Rgb {
  const towards = luminance(ground) > 0.4 ? BLACK : WHITE;
  for (let share = 0; share < 1; share += 0.05) {
    const moved = mix(color, towards, share);
    if (contrast(moved, ground) >= ratio) return moved;
  }
  return towards;
}
