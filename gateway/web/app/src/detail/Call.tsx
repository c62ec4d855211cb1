/**
 * The call that a customer waits for: when it is and who calls, how it went, another time; or a new one.
 */
import { Button, NativeSelect, TextInput } from "@mantine/core";
import { useEffect, useState } from "react";
import { ProblemError } from "../../../sdk/http";
import type { CallOutcome, CallTimes, Lead, Me, MemberFrame } from "../../../sdk/wire";
import { api } from "../api";
import { useStable } from "../hooks";
import { fill, formatExact, useLocale } from "../i18n";
import { Icon } from "../icons";

interface CallProps {
  lead: Lead;
  zone: string;
  me: Me;
  members: readonly MemberFrame[];
  reload(): void;
  onUnauthorised(): void;
}

export function Call({ lead, zone, me, members, reload, onUnauthorised }: CallProps) {
  const { lang, t } = useLocale();
  const [choosing, setChoosing] = useState(false);
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState("");
  const call = lead.callback;
  const due = lead.human_reason === "callback_due";

  const act = useStable(async (work: Promise<void>) => {
    setBusy(true);
    setFailure("");
    try {
      await work;
      setChoosing(false);
    } catch (error) {
      if (error instanceof ProblemError && error.status === 401) return onUnauthorised();
      setFailure(error instanceof ProblemError && error.code === "no-such-time" ? t.call.taken : t.call.failed);
    } finally {
      setBusy(false);
      reload();
    }
  });
  const end = (outcome: CallOutcome) => call && void act(api.endCall(lead.session_id, { at: call.at, outcome }));

  const name = !call
    ? ""
    : call.member_id === me.member_id
      ? me.name
      : (members.find((one) => one.member_id === call.member_id)?.name ?? t.detail.member);
  return (
    <div className="call" data-due={due || undefined}>
      {call && (
        <p>
          <Icon name="phone" size={16} /> <b>{due ? t.call.due : t.call.agreed}</b>{" "}
          <time dateTime={call.at}>{formatExact(call.at, lang, zone)}</time> · {fill(t.call.by, { name })}
        </p>
      )}
      {choosing ? (
        <Choose
          lead={lead}
          zone={zone}
          busy={busy}
          onAgree={(at, phone) => void act(api.agreeCall(lead.session_id, { at, ...(phone && { phone }) }))}
          onClose={() => setChoosing(false)}
        />
      ) : (
        <div className="call-acts">
          {call && (
            <>
              <Button size="xs" disabled={busy} onClick={() => end("done")}>
                {t.call.done}
              </Button>
              <Button size="xs" variant="default" disabled={busy} onClick={() => end("unreached")}>
                {t.call.unreached}
              </Button>
            </>
          )}
          <Button size="xs" variant="default" disabled={busy} onClick={() => setChoosing(true)}>
            {call ? t.call.move : t.call.agree}
          </Button>
          {call && (
            <Button size="xs" variant="subtle" disabled={busy} onClick={() => end("cancelled")}>
              {t.call.cancel}
            </Button>
          )}
        </div>
      )}
      <p role="alert">{failure}</p>
    </div>
  );
}

interface ChooseProps {
  lead: Lead;
  zone: string;
  busy: boolean;
  onAgree(at: string, phone: string): void;
  onClose(): void;
}

function Choose({ lead, zone, busy, onAgree, onClose }: ChooseProps) {
  const { lang, t } = useLocale();
  const [free, setFree] = useState<CallTimes | null>(null);
  const [failed, setFailed] = useState(false);
  const [at, setAt] = useState("");
  const [phone, setPhone] = useState("");
  useEffect(() => {
    const abort = new AbortController();
    api.callTimes(lead.session_id, abort.signal).then(setFree, () => abort.signal.aborted || setFailed(true));
    return () => abort.abort();
  }, [lead.session_id]);
  const none = free && !free.times.length;
  const chosen = at || free?.times[0]?.at || "";
  return (
    <form
      className="call-acts"
      onSubmit={(event) => {
        event.preventDefault();
        if (chosen) onAgree(chosen, phone.trim());
      }}
    >
      {none || failed ? (
        <p role="status">{none ? t.call.none : t.call.failed}</p>
      ) : (
        <>
          <NativeSelect
            size="xs"
            aria-label={t.call.choose}
            disabled={!free}
            value={chosen}
            data={(free?.times ?? []).map((time) => ({ value: time.at, label: formatExact(time.at, lang, zone) }))}
            onChange={(event) => setAt(event.currentTarget.value)}
          />
          {!lead.phone && (
            <TextInput
              size="xs"
              type="tel"
              dir="ltr"
              required
              maxLength={40}
              aria-label={t.call.phone}
              placeholder={t.call.phone}
              value={phone}
              onChange={(event) => setPhone(event.currentTarget.value)}
            />
          )}
          <Button size="xs" type="submit" disabled={busy || !chosen}>
            {t.call.save}
          </Button>
        </>
      )}
      <Button size="xs" variant="subtle" onClick={onClose}>
        {t.call.back}
      </Button>
    </form>
  );
}
