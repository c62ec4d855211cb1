/**
 * The people at a conversation: faces of who looks, whose it is, what the assistant leaves them.
 */
import { NativeSelect, Tooltip } from "@mantine/core";
import type { MemberFrame, PresenceFrame } from "../../../sdk/wire";
import { Icon } from "../icons";
import { fill, useLocale } from "../i18n";
import { Face } from "../live/Face";
import type { HandoffNote } from "./useDetail";

/** How many faces stand side by side; the rest is a number. */
const MOST_FACES = 4;

export function Faces({ presence, me }: { presence: PresenceFrame | undefined; me: string }) {
  const { t } = useLocale();
  if (!presence) return null;
  const others = presence.viewers.filter((one) => one.member_id !== me);
  const rest = others.length - MOST_FACES;
  return (
    <ul className="faces" aria-label={t.presence.viewing.replace("{name}", "…")}>
      {presence.customer_online && (
        <Known label={presence.customer_typing ? t.presence.customerTyping : t.presence.customer}>
          <span className="face customer" data-typing={presence.customer_typing || undefined}>
            <Icon name="person" size={16} />
          </span>
        </Known>
      )}
      {presence.assistant === "composing" && (
        <Known label={t.presence.assistant}>
          <span className="face assistant" data-typing>
            <Icon name="spark" size={16} />
          </span>
        </Known>
      )}
      {others.slice(0, MOST_FACES).map((one) => (
        <Known key={one.member_id} label={fill(one.typing ? t.presence.typing : t.presence.viewing, { name: one.name })}>
          <Face name={one.name} typing={one.typing} />
        </Known>
      ))}
      {rest > 0 && (
        <li>
          <span className="face">+{rest}</span>
        </li>
      )}
    </ul>
  );
}

function Known({ label, children }: { label: string; children: React.ReactElement }) {
  return (
    <li>
      <Tooltip label={label} events={{ hover: true, focus: true, touch: true }}>
        {children}
      </Tooltip>
      <span className="sr">{label}</span>
    </li>
  );
}

export interface AssignProps {
  assignee: string | undefined;
  members: readonly MemberFrame[];
  me: { member_id: string; name: string };
  disabled: boolean;
  onAssign(memberId: string | null): void;
}

export function Assign({ assignee, members, me, disabled, onAssign }: AssignProps) {
  const { t } = useLocale();
  const others = members.filter((one) => one.member_id !== me.member_id);
  const options = [
    { value: "", label: t.detail.unassigned },
    { value: me.member_id, label: `${me.name} (${t.presence.you})` },
    ...others.map((one) => ({
      value: one.member_id,
      label: one.availability === "online" ? one.name : `${one.name} – ${t.availability[one.availability]}`,
    })),
  ];
  // Somebody who has not been heard of since this page was opened.
  if (assignee && !options.some((one) => one.value === assignee)) options.push({ value: assignee, label: t.detail.member });
  return (
    <NativeSelect
      className="assign"
      size="xs"
      aria-label={t.detail.assign}
      title={t.detail.assign}
      leftSection={<Icon name="person" size={15} />}
      value={assignee ?? ""}
      data={options}
      disabled={disabled}
      rightSection={<Icon name="down" size={16} />}
      onChange={(event) => onAssign(event.currentTarget.value || null)}
    />
  );
}

const PARTS = ["asked", "promised", "held", "missing"] as const;

export function Handoff({ note }: { note: HandoffNote }) {
  const { t } = useLocale();
  const words = t.detail.handoff;
  const lacks = words.lacks as Record<string, string>;
  const said = PARTS.map((part) => [part, [note[part] ?? []].flat().filter(Boolean)] as const).filter(([, lines]) => lines.length);
  if (!said.length) return null;
  return (
    <details className="handoff" open>
      <summary>{words.title}</summary>
      <dl>
        {said.map(([part, lines]) => (
          <div key={part}>
            <dt>{words[part]}</dt>
            {lines.map((line, i) => (
              <dd key={i} dir="auto">
                {part === "missing" ? (lacks[line] ?? line) : line}
              </dd>
            ))}
          </div>
        ))}
      </dl>
    </details>
  );
}
