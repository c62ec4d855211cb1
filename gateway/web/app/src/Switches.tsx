/**
 * The switches of language and appearance, on every screen.
 */
import { ActionIcon, NativeSelect, useComputedColorScheme, useMantineColorScheme } from "@mantine/core";
import { Icon } from "./icons";
import { type Lang, LANGS, useLocale } from "./i18n";

export function Switches() {
  const { lang, t, setLang } = useLocale();
  const { setColorScheme } = useMantineColorScheme();
  const dark = useComputedColorScheme("light", { getInitialValueInEffect: false }) === "dark";
  const next = dark ? t.light : t.dark;
  return (
    <>
      <NativeSelect
        aria-label={t.language}
        value={lang}
        onChange={(event) => setLang(event.currentTarget.value as Lang)}
        data={Object.entries(LANGS).map(([value, label]) => ({ value, label }))}
        variant="unstyled"
        className="lang"
        leftSection={<Icon name="globe" />}
        rightSection={<Icon name="down" size={16} />}
      />
      <ActionIcon
        variant="subtle"
        color="gray"
        size={40}
        aria-label={next}
        title={next}
        onClick={() => setColorScheme(dark ? "light" : "dark")}
      >
        <Icon name={dark ? "sun" : "moon"} size={20} />
      </ActionIcon>
    </>
  );
}
