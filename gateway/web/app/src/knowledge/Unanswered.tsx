/**
 * What the assistant had no answer to: write one with one click, or put it away.
 */
import { Button } from "@mantine/core";
import { useCallback, useEffect, useState } from "react";
import type { UnansweredQuestion } from "../../../sdk/wire";
import { fill, formatNumber, formatTime, useLocale } from "../i18n";
import { knowledge } from "./api";
import type { Asked, TabProps } from "./KnowledgePage";
import { TEXTS } from "./texts";

export function Unanswered({ me, may, act, onAnswer }: TabProps & { onAnswer(question: Asked): void }) {
  const { lang } = useLocale();
  const t = TEXTS[lang];
  const [questions, setQuestions] = useState<UnansweredQuestion[] | null>(null);
  const load = useCallback(async () => setQuestions((await knowledge.unanswered()).questions), []);
  useEffect(() => void act(load), [act, load]);

  const dismiss = (question: UnansweredQuestion) =>
    act(async () => {
      await knowledge.dismiss(question.id);
      await load();
      const undo = async () => {
        await knowledge.reopen(question.id);
        await load();
      };
      return { text: t.unanswered.dismissed, undo };
    });

  if (!questions) return null;
  if (questions.length === 0) return <p className="sheet know-none">{t.none.unanswered}</p>;
  return (
    <ul className="know-list">
      {questions.map((question) => (
        <li key={question.id} className="sheet know-entry">
          <strong dir="auto" lang={question.lang}>
            {question.text}
          </strong>
          <p className="muted small know-facts">
            <span>{fill(t.unanswered.times, { n: formatNumber(question.times, lang) })}</span>
            <time dateTime={question.last_at}>{formatTime(question.last_at, lang, me.tenant.zone, Date.now())}</time>
            <a href={`/app/sessions/${encodeURIComponent(question.session_id)}`}>{t.unanswered.conversation}</a>
          </p>
          {may && (
            <div className="know-acts">
              <Button size="compact-sm" onClick={() => onAnswer({ id: question.id, lang: question.lang, text: question.text })}>
                {t.unanswered.answer}
              </Button>
              <Button size="compact-sm" variant="light" onClick={() => void dismiss(question)}>
                {t.unanswered.dismiss}
              </Button>
            </div>
          )}
        </li>
      ))}
    </ul>
  );
}
