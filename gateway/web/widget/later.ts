/**
 * What the widget loads only when a conversation has it: offered times, appointments, the place in the queue.
 */
import type { Chat } from "../sdk/chat";
import { el } from "../sdk/dom";
import type { Pressed } from "../sdk/wire";
import { drawCall } from "./call";
import { drawPlace } from "./place";
import type { Lang } from "./texts";
import { drawTimes } from "./times";

/** What the widget hands over at each drawing. */
export interface Stage {
  chat: Chat;
  /** Where times and appointments stand, inside the conversation. */
  times: HTMLElement;
  /** Where the place in the queue stands, above the field. */
  place: HTMLElement;
  lang: Lang;
  say(text: string, pressed: Pressed): void;
  prefill(text: string): void;
}

/** Draws what there is; called again whenever the conversation changes. */
export function draw(stage: Stage): void {
  const host = stage.times;
  if (!host.firstChild) host.append(el("div", { tabindex: "-1" }), el("div", { tabindex: "-1" }));
  const [times, call] = host.children as unknown as [HTMLElement, HTMLElement];
  drawTimes({ ...stage, times });
  drawCall({ ...stage, times: call });
  host.hidden = times.hidden && call.hidden;
  drawPlace(stage.place, stage.chat, stage.lang, stage.prefill);
}
