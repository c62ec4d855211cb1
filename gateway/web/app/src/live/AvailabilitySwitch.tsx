/**
 * Whether I take conversations: hand-offs go to those who are there.
 */
import { NativeSelect } from "@mantine/core";
import { useState } from "react";
import type { Availability } from "../../../sdk/wire";
import { Icon } from "../icons";
import { useLocale } from "../i18n";
import type { Leads } from "../leads/useLeads";
import { useNow } from "./store";

const CHOICES: Availability[] = ["online", "busy", "away"];

export function AvailabilitySwitch({ leads, me }: { leads: Leads; me: string }) {
  const { t } = useLocale();
  const told = useNow(leads.now, (store) => store.members.find((one) => one.member_id === me)?.availability);
  const [wish, setWish] = useState<Availability | null>(null);
  const shown = wish ?? told ?? "online";
  const choose = (next: Availability) => {
    setWish(next);
    // Refused or without a line: what the server says is shown again. The wish goes out with the next line.
    leads.socket.setAvailability(next).then(
      () => setWish(null),
      () => leads.live === "live" && setWish(null),
    );
  };
  return (
    <NativeSelect
      className="availability"
      variant="unstyled"
      aria-label={t.availability.label}
      title={t.availability.label}
      value={shown}
      data={CHOICES.map((value) => ({ value, label: t.availability[value] }))}
      leftSection={<i className="there" data-availability={shown} />}
      rightSection={<Icon name="down" size={16} />}
      onChange={(event) => choose(event.currentTarget.value as Availability)}
    />
  );
}
