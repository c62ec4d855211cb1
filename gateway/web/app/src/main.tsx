/**
 * The dashboard: theme, language, the start.
 */
import "@mantine/core/styles/baseline.css";
import "@mantine/core/styles/default-css-variables.css";
import "@mantine/core/styles/global.css";
import "@mantine/core/styles/UnstyledButton.css";
import "@mantine/core/styles/Button.css";
import "@mantine/core/styles/ActionIcon.css";
import "@mantine/core/styles/Input.css";
import "@mantine/core/styles/PasswordInput.css";
import "@mantine/core/styles/Loader.css";
import "@mantine/core/styles/Skeleton.css";
import "@mantine/core/styles/CloseButton.css";
import "@mantine/core/styles/Alert.css";
import "@mantine/core/styles/Badge.css";
import "./styles/base.css";
import "./styles/top.css";
import "./styles/page.css";
import "./styles/filters.css";
import "./styles/rows.css";
import "./styles/clock.css";
import "./styles/who.css";
import "./styles/help.css";
import "./styles/states.css";
import "./styles/login.css";
import { DirectionProvider, MantineProvider, createTheme } from "@mantine/core";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./App";
import { initialLang, loadTexts } from "./i18n";

const theme = createTheme({
  primaryColor: "blue",
  primaryShade: { light: 7, dark: 6 },
  colors: {
    blue: ["#eef2ff", "#dbe4ff", "#b8c8ff", "#8ea9ff", "#6a8bfa", "#4a70f2", "#3059e6", "#1f4bd8", "#183bb0", "#132e89"],
    dark: ["#e9edf4", "#c3cbd8", "#9aa5b6", "#6f7b8e", "#3d4757", "#2b3341", "#1c222d", "#151a23", "#10141b", "#0b0e14"],
  },
  fontFamily: 'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Noto Sans Arabic", sans-serif',
  defaultRadius: "md",
  cursorType: "pointer",
  respectReducedMotion: true,
  autoContrast: true,
});

/** The nonce of this page; browsers hide the attribute, but not the property. */
function nonce(): string {
  return document.querySelector<HTMLMetaElement>('meta[property="csp-nonce"]')?.nonce ?? "";
}
// The scroll lock below the drawer injects its own style and asks for the nonce here.
(globalThis as { __webpack_nonce__?: string }).__webpack_nonce__ = nonce();

const lang = initialLang();
const dir = lang === "ar" ? "rtl" : "ltr";
document.documentElement.lang = lang;
document.documentElement.dir = dir;

const texts = await loadTexts(lang);
createRoot(document.getElementById("root")!).render(
  <StrictMode>
    <DirectionProvider initialDirection={dir}>
      <MantineProvider theme={theme} defaultColorScheme="auto" getStyleNonce={nonce}>
        <App lang={lang} texts={texts} />
      </MantineProvider>
    </DirectionProvider>
  </StrictMode>,
);
