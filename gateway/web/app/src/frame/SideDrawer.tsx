/**
 * Something of a list, beside it; on a phone over it. Loaded when the first one is opened.
 */
import "@mantine/core/styles/Overlay.css";
import "@mantine/core/styles/Paper.css";
import "@mantine/core/styles/ModalBase.css";
import "@mantine/core/styles/Drawer.css";
import "./drawer.css";
import { Drawer } from "@mantine/core";
import type { ReactNode } from "react";
import { useMedia } from "../hooks";

interface Props {
  title: string;
  /** What the button that closes it says. */
  close: string;
  onClose(): void;
  /** Whether the owner of the drawer hears Escape itself. */
  ownEscape?: boolean;
  /** Beside the title. */
  beside?: ReactNode;
  /** Below the title, above what scrolls. */
  head?: ReactNode;
  children: ReactNode;
}

export function SideDrawer({ title, close, onClose, ownEscape, beside, head, children }: Props) {
  const phone = useMedia("(max-width: 48em)");
  return (
    <Drawer.Root
      opened
      onClose={onClose}
      position="right"
      size={phone ? "100%" : 560}
      transitionProps={{ duration: 140 }}
      closeOnEscape={!ownEscape}
      classNames={{ content: "drawer" }}
    >
      <Drawer.Overlay backgroundOpacity={0.35} />
      <Drawer.Content>
        <div className="drawer-head">
          <div className="line">
            <Drawer.Title>
              <bdi>{title}</bdi>
            </Drawer.Title>
            <div className="line">
              {beside}
              <Drawer.CloseButton aria-label={close} size={44} />
            </div>
          </div>
          {head}
        </div>
        {children}
      </Drawer.Content>
    </Drawer.Root>
  );
}
