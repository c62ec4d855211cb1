/**
 * A person as a round mark with initials, in a colour of their own.
 */
import type { Ref } from "react";

export function initials(name: string): string {
  const words = name.trim().split(/\s+/);
  const letters = [words[0], words.length > 1 ? words.at(-1) : ""].map((word) => [...(word ?? "")][0] ?? "");
  return letters.join("").toLocaleUpperCase();
}

/** The same name has the same colour on every screen. */
function hue(name: string): number {
  let sum = 7;
  for (const char of name) sum = (sum * 31 + char.codePointAt(0)!) % 360;
  return sum;
}

export interface FaceProps {
  name: string;
  typing?: boolean;
  small?: boolean;
  ref?: Ref<HTMLSpanElement>;
}

/** Says nothing to a screen reader: whoever draws it says the name. */
export function Face({ name, typing = false, small = false, ...rest }: FaceProps) {
  return (
    <span
      {...rest}
      className={small ? "face small" : "face"}
      data-typing={typing || undefined}
      style={{ "--hue": hue(name) } as React.CSSProperties}
      aria-hidden="true"
    >
      {initials(name)}
    </span>
  );
}
