/**
 * Tools, for owners and managers: those of the tenant's own, and what every business has.
 */
import { Button } from "@mantine/core";
import { useState } from "react";
import type { BuiltInTool, Me, Tool, Tools } from "../../../sdk/wire";
import { SubPage } from "../frame/SubPage";
import { useActs } from "../frame/useActs";
import { fill, formatNumber, LANGS, type Lang, useLocale } from "../i18n";
import { useStable } from "../hooks";
import { faults, refusal, tools } from "./calls";
import { bodyOf, switched, type ToolDraft } from "./draft";
import { Calls, Trial, Versions } from "./Look";
import { TEXTS } from "./texts";
import { ToolForm } from "./ToolForm";
import "./tools.css";

type Look = "try" | "calls" | "versions";

export default function ToolsPage({ me, onLoggedOut }: { me: Me; onLoggedOut(): void }) {
  const { lang } = useLocale();
  const t = TEXTS[lang];
  const [all, setAll] = useState<Tools | null>(null);
  const [editing, setEditing] = useState<Tool | "new" | null>(null);
  const [wrong, setWrong] = useState<Record<string, string>>({});
  const { error, note, tell, act } = useActs({
    refusal: (failed) => refusal(failed, t),
    onLoggedOut,
    load: async (signal) => setAll(await tools.list(signal)),
  });
  const failed = useStable((why: unknown) => tell(refusal(why, t)));
  const languages = me.tenant.languages.map((tag) => tag.split("-")[0] as Lang).filter((tag) => tag in LANGS);
  const edit = (tool: Tool | "new" | null) => {
    setWrong({});
    setEditing(tool);
    tell("");
  };
  const save = (draft: ToolDraft) =>
    act(async () => {
      const known = editing === "new" ? null : editing;
      const body = bodyOf(draft, known);
      try {
        await (known ? tools.put(known.tool_id, body) : tools.make(body));
      } catch (why) {
        setWrong(faults(why));
        throw why;
      }
      setWrong({});
      setEditing(null);
      return t.saved;
    });
  const isEdited = (tool: Tool) => editing !== "new" && editing?.tool_id === tool.tool_id;
  const form = editing && (
    <ToolForm
      key={editing === "new" ? "new" : editing.tool_id}
      known={editing === "new" ? null : editing}
      languages={languages}
      faults={wrong}
      onSave={save}
      onCancel={() => edit(null)}
    />
  );
  return (
    <SubPage
      me={me}
      title={t.title}
      lead={t.lead}
      className="tools-page"
      error={error}
      note={note}
      actions={
        <Button onClick={() => edit("new")} disabled={editing === "new"}>
          {t.add}
        </Button>
      }
    >
      {editing === "new" && form}
      {all && (
        <>
          <h2>{t.own}</h2>
          {all.tools.length === 0 && editing !== "new" && <p className="sheet tool-none">{t.none}</p>}
          {all.tools.map((tool) =>
            isEdited(tool) ? (
              form
            ) : (
              <Own
                key={tool.tool_id}
                tool={tool}
                me={me}
                languages={languages}
                onEdit={() => edit(tool)}
                onSwitch={() => act(async () => (await tools.put(tool.tool_id, switched(tool, !tool.active)), t.saved))}
                onRemove={() => act(async () => (await tools.remove(tool.tool_id, tool.version), t.removed))}
                onFailed={failed}
              />
            ),
          )}
          <h2>{t.builtIn}</h2>
          <ul className="sheet tool-built">
            {all.built_in.map((tool) => (
              <BuiltIn key={tool.name} tool={tool} languages={languages} onFailed={failed} />
            ))}
          </ul>
        </>
      )}
    </SubPage>
  );
}

function Own(props: {
  tool: Tool;
  me: Me;
  languages: readonly Lang[];
  onEdit(): void;
  onSwitch(): Promise<unknown>;
  onRemove(): Promise<unknown>;
  onFailed(error: unknown): void;
}) {
  const { tool, me, onFailed } = props;
  const { lang } = useLocale();
  const t = TEXTS[lang];
  const [look, setLook] = useState<Look | null>(null);
  const zone = me.tenant.zone;
  const toggle = (which: Look) => setLook((before) => (before === which ? null : which));
  const described = tool.description[lang] ?? Object.values(tool.description)[0];
  return (
    <section className="sheet tool" aria-label={tool.name}>
      <div className="tool-head">
        <div>
          <strong>
            <code dir="ltr">{tool.name}</code>
          </strong>
          <p dir="auto">{described}</p>
        </div>
        <span className="tool-state" data-active={tool.active || undefined}>
          {tool.active ? t.active : t.off}
        </span>
      </div>
      <p className="muted">
        <code dir="ltr">
          {tool.method} {tool.url}
        </code>
      </p>
      <p className="muted small">
        {[
          tool.access === "write" ? t.writes : t.reads,
          fill(t.budgetOf, { n: formatNumber(tool.budget, lang) }),
          fill(t.version, { n: tool.version }),
        ].join(" · ")}
      </p>
      <div className="tool-acts">
        {(["try", "calls", "versions"] as const).map((which) => (
          <Button
            key={which}
            size="compact-md"
            variant={look === which ? "filled" : "light"}
            aria-expanded={look === which}
            onClick={() => toggle(which)}
          >
            {t[which]}
          </Button>
        ))}
        <Button size="compact-md" variant="subtle" onClick={props.onEdit}>
          {t.edit}
        </Button>
        <Button size="compact-md" variant="subtle" onClick={() => void props.onSwitch()}>
          {tool.active ? t.switchOff : t.switchOn}
        </Button>
        <Button size="compact-md" variant="subtle" color="red" onClick={() => confirm(t.removeSure) && void props.onRemove()}>
          {t.remove}
        </Button>
      </div>
      {look === "try" && (
        <Trial tool={tool.tool_id} name={tool.name} schema={tool.arguments} sends languages={props.languages} onFailed={onFailed} />
      )}
      {look === "calls" && <Calls tool={tool.tool_id} zone={zone} onFailed={onFailed} />}
      {look === "versions" && <Versions tool={tool.tool_id} zone={zone} onFailed={onFailed} />}
    </section>
  );
}

function BuiltIn({ tool, languages, onFailed }: { tool: BuiltInTool; languages: readonly Lang[]; onFailed(error: unknown): void }) {
  const { lang } = useLocale();
  const t = TEXTS[lang];
  const risks: Record<string, string> = t.risks;
  const [open, setOpen] = useState(false);
  return (
    <li>
      <details onToggle={(event) => setOpen(event.currentTarget.open)}>
        <summary>
          <code dir="ltr">{tool.name}</code> <span className="muted">{risks[tool.risk] ?? tool.risk}</span>
        </summary>
        <p className="muted small" lang="en" dir="ltr">
          {tool.description}
        </p>
        {open && (
          <Trial tool={tool.name} name={tool.name} schema={tool.arguments} sends={false} languages={languages} onFailed={onFailed} />
        )}
      </details>
    </li>
  );
}
