/**
 * The rows of a list under live events.
 *
 * Lives here: the merge of what an event changed into the row that is known.
 * Invariants: a field that is absent is as it was; null takes a value away; a row that is not known
 * is never made up from its changes.
 */
import type { Lead, LeadChanges, LeadEvent } from "./wire";

export function changed(lead: Lead, changes: LeadChanges): Lead {
  const next: Record<string, unknown> = { ...lead };
  for (const [name, value] of Object.entries(changes)) {
    if (value === null) delete next[name];
    else if (value !== undefined) next[name] = value;
  }
  return next as unknown as Lead;
}

/** The row after an event; `null` when only a read can tell. */
export function rowAfter(known: Lead | undefined, { lead, changes }: LeadEvent): Lead | null {
  if (lead) return lead;
  if (!known) return null;
  return changes ? changed(known, changes) : known;
}
