/**
 * Outline icons on a grid of 24 × 24.
 */
const PATHS = {
  search: "M11 18a7 7 0 1 0 0-14 7 7 0 0 0 0 14zM20 20l-4-4",
  close: "M6 6l12 12M18 6L6 18",
  sun: "M12 16a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM12 2v2M12 20v2M4.9 4.9l1.4 1.4M17.7 17.7l1.4 1.4M2 12h2M20 12h2M4.9 19.1l1.4-1.4M17.7 6.3l1.4-1.4",
  moon: "M20 14.5A8 8 0 1 1 9.5 4a6.5 6.5 0 0 0 10.5 10.5z",
  logout: "M10 4H6a2 2 0 0 0-2 2v12a2 2 0 0 0 2 2h4M15 8l4 4-4 4M19 12H9",
  download: "M12 4v11M7.5 11l4.5 4.5 4.5-4.5M5 20h14",
  phone: "M6.5 4h3l1.5 4-2 1.5a11 11 0 0 0 5.5 5.5l1.5-2 4 1.5v3a2 2 0 0 1-2.2 2A16 16 0 0 1 4.5 6.2 2 2 0 0 1 6.5 4z",
  person: "M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM4 20.5a8 8 0 0 1 16 0",
  spark:
    "M12 4l1.8 4.7a2 2 0 0 0 1.5 1.5L20 12l-4.7 1.8a2 2 0 0 0-1.5 1.5L12 20l-1.8-4.7a2 2 0 0 0-1.5-1.5L4 12l4.7-1.8a2 2 0 0 0 1.5-1.5z",
  chat: "M4 6a2 2 0 0 1 2-2h12a2 2 0 0 1 2 2v8a2 2 0 0 1-2 2h-7l-4 4v-4H6a2 2 0 0 1-2-2z",
  globe: "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM3 12h18M12 3c-5 5-5 13 0 18M12 3c5 5 5 13 0 18",
  check: "M5 12.5l4.5 4.5L19 7.5",
  cross: "M7 7l10 10M17 7L7 17",
  alert: "M12 4L2.5 20h19zM12 10v4.5M12 17.3v.2",
  mail: "M4 6h16v12H4zM4 7l8 6 8-6",
  inbox: "M4 13l3-8h10l3 8v6H4zM4 13h5l1 3h4l1-3h5",
  send: "M12 19V5M6 11l6-6 6 6",
  previous: "M14.5 6l-6 6 6 6",
  next: "M9.5 6l6 6-6 6",
  down: "M7 10l5 5 5-5",
  filter: "M4 6h16M7 12h10M10 18h4",
  book: "M12 6.2C10.2 5 7.6 4.6 4 4.6v13.6c3.6 0 6.2.4 8 1.6 1.8-1.2 4.4-1.6 8-1.6V4.6c-3.6 0-6.2.4-8 1.6zm0 0v13.6",
  calendar: "M5 6h14v14H5zM5 10h14M9 3.5V8M15 3.5V8",
  car: "M4 16v-4l2-5.5h12l2 5.5v4zM4 12h16M7 16v2.5M17 16v2.5M7.5 14h.01M16.5 14h.01",
  menu: "M4 7h16M4 12h16M4 17h16",
  photo: "M4 5h16v14H4zM4 16l5-5 4 4 2.5-2.5L20 17M15.5 9.5h.01",
  agenda: "M5 6h14v14H5zM5 10h14M9 3.5V8M15 3.5V8M8.5 13.5h2M13.5 13.5h2M8.5 16.8h2",
  chart: "M4 20h16M7 20v-6M12 20V5M17 20v-9",
  gear: "M12 15a3 3 0 1 0 0-6 3 3 0 0 0 0 6zM12 2.8v3M12 18.2v3M2.8 12h3M18.2 12h3M5.5 5.5l2.1 2.1M16.4 16.4l2.1 2.1M5.5 18.5l2.1-2.1M16.4 7.6l2.1-2.1",
  hook: "M9.2 13.5L12 8.6a3.6 3.6 0 1 0-4.6-1.5M13.5 6.5l3 5.2a3.6 3.6 0 1 1-2 6.7M15 16H9.5a3.6 3.6 0 1 1-4-4.4",
  tool: "M14.5 6.5a4 4 0 0 1 5-2.2l-2.7 2.7 2.2 2.2 2.7-2.7a4 4 0 0 1-5.4 4.7L8 19.5a2.1 2.1 0 0 1-3-3l8.3-8.3a4 4 0 0 1 1.2-1.7z",
  eye: "M2.5 12S6 5.5 12 5.5 21.5 12 21.5 12 18 18.5 12 18.5 2.5 12 2.5 12zM12 15a3 3 0 1 0 0-6 3 3 0 0 0 0 6z",
  keyboard: "M4 6h16a1 1 0 0 1 1 1v10a1 1 0 0 1-1 1H4a1 1 0 0 1-1-1V7a1 1 0 0 1 1-1zM7 10h.01M11 10h.01M15 10h2M8 14h8",
  thumbUp: "M7 11v9H4v-9zM7 11l4-8a2.5 2.5 0 0 1 2.5 2.5V9H19a2 2 0 0 1 2 2.4l-1.3 7A2 2 0 0 1 17.7 20H7",
  thumbDown: "M7 13V4H4v9zM7 13l4 8a2.5 2.5 0 0 0 2.5-2.5V15H19a2 2 0 0 0 2-2.4l-1.3-7A2 2 0 0 0 17.7 4H7",
  arrowUp: "M12 19V5M6 11l6-6 6 6",
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name, size = 18 }: { name: IconName; size?: number }) {
  return (
    <svg
      viewBox="0 0 24 24"
      width={size}
      height={size}
      fill="none"
      stroke="currentColor"
      strokeWidth={1.9}
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
    >
      <path d={PATHS[name]} />
    </svg>
  );
}

/** The mark of the product: the clock. */
export function Mark({ size = 26 }: { size?: number }) {
  return (
    <svg viewBox="0 0 32 32" width={size} height={size} aria-hidden="true" className="mark">
      <path d="M16 3a13 13 0 1 1-11.3 6.6" />
      <path d="M16 9v7l4.5 3" />
    </svg>
  );
}
