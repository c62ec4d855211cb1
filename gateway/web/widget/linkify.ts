/**
 * Finds web addresses in plain text.
 *
 * Lives here: the cut of a text into words and links. Only `http` and `https` become links, and
 * only when the browser's own parser agrees; everything else stays text.
 */

export interface Part {
  text: string;
  href?: string;
}

/** Closing marks that end a sentence rather than an address. */
const TRAILING = /[.,;:!?'"»”’)\]}>،؛؟]+$/;

export function linkify(text: string): Part[] {
  const parts: Part[] = [];
  let from = 0;
  for (const found of text.matchAll(/\bhttps?:\/\/[^\s<>"'`\u2066-\u2069\u202a-\u202e]+/gi)) {
    let address = found[0];
    const tail = TRAILING.exec(address)?.[0] ?? "";
    // A bracket that was opened inside the address belongs to it.
    const keep = tail[0] === ")" && address.slice(0, -tail.length).includes("(") ? 1 : 0;
    if (tail.length > keep) address = address.slice(0, address.length - tail.length + keep);
    let url: URL;
    try {
      url = new URL(address);
    } catch {
      continue;
    }
    // A user name in front of a host is how an address pretends to be another.
    if (!/^https?:$/.test(url.protocol) || url.username || url.password) continue;
    if (found.index > from) parts.push({ text: text.slice(from, found.index) });
    parts.push({ text: address, href: url.href });
    from = found.index + address.length;
  }
  if (from < text.length) parts.push({ text: text.slice(from) });
  return parts;
}
