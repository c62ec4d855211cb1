import { describe, expect, it } from "vitest";
import { faultOf, faultOfProblem, MAX_BYTES, MOST_PER_MESSAGE, sizeOf } from "./files";

describe("files of the visitor", () => {
  it("are pictures and PDFs of a bounded size and count", () => {
    const file = (type: string, size = 1_000) => ({ type, size });
    for (const type of ["image/jpeg", "image/png", "image/webp", "image/heic", "application/pdf"])
      expect(faultOf(file(type), 0)).toBeNull();
    for (const type of ["image/svg+xml", "text/html", "image/gif", "video/mp4", ""]) expect(faultOf(file(type), 0)).toBe("wrongKind");
    expect(faultOf(file("image/jpeg", MAX_BYTES), 0)).toBeNull();
    expect(faultOf(file("image/jpeg", MAX_BYTES + 1), 0)).toBe("tooLarge");
    expect(faultOf(file("image/jpeg", 0), 0)).toBe("tooLarge");
    expect(faultOf(file("image/jpeg"), MOST_PER_MESSAGE)).toBe("tooMany");
  });

  it("say why they were refused, and that they were lost when nobody can tell", () => {
    expect(faultOfProblem("unsupported-media-type")).toBe("wrongKind");
    expect(faultOfProblem("too-large")).toBe("tooLarge");
    expect(faultOfProblem("not-found")).toBe("lost");
    expect(faultOfProblem("")).toBe("lost");
  });

  it("tell their size in the visitor's language, in digits that all can read", () => {
    expect(sizeOf(1_234_567, "en")).toMatch(/1\.2\sMB/);
    expect(sizeOf(1_234_567, "nb")).toMatch(/1,2\sMB/);
    expect(sizeOf(10, "en")).toMatch(/1\skB/);
    expect(sizeOf(1_234_567, "ar")).toContain("1.2");
  });
});
