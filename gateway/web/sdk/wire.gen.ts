// Made from gateway/wire by `cargo run -p forecourt-wire --example export_types`; not to be edited.

/**
 * One field that was refused.
 */
export type FieldError = { 
/**
 * A JSON pointer into the body, such as `/email`, or the name of a query parameter.
 */
pointer: string, 
/**
 * The stable name of what is wrong, such as `required`.
 */
code: string, 
/**
 * What to do, for the person who typed it.
 */
detail: string, };

/**
 * Why a request was not done, for programs (`code`) and people (`title`, `detail`).
 */
export type Problem = { 
/**
 * Address of a page that explains the code: `/problems/<code>`.
 */
type: string, title: string, 
/**
 * The HTTP status once more.
 */
status: number, 
/**
 * The stable name to switch on.
 */
code: string, 
/**
 * What happened this time, and how to mend it. Never repeats what was sent.
 */
detail: string, 
/**
 * The request's id, as in the `X-Request-Id` header: name it when you ask for help.
 */
instance?: string, 
/**
 * Every field that was refused.
 */
errors?: Array<FieldError>, 
/**
 * When to try again, in seconds; as in the `Retry-After` header.
 */
retry_after_s?: number, };

/**
 * A form of a tenant's website. Fields beyond these are passed over: forms send what they send.
 */
export type FormLead = { 
/**
 * One line, at most 200 characters. Required.
 */
name: string, 
/**
 * Required: the answer goes there.
 */
email: string, 
/**
 * At most 5,000 characters. Required.
 */
message: string, 
/**
 * As people of the tenant's country write it.
 */
phone?: string, 
/**
 * At most 200 characters.
 */
vehicle_interest?: string, 
/**
 * The page of the form, `http` or `https`.
 */
source_url?: string, 
/**
 * A trap for programs: hide this field from people; a form that fills it is refused.
 */
forecourt_hp?: string, };

export type FormStatus = "created" | "repeated" | "appended";

/**
 * The lead is stored, and its answer is under way.
 */
export type FormReceipt = { lead_id: string, status: FormStatus, };

/**
 * Opens a conversation with a tenant.
 */
export type OpenSession = { 
/**
 * The tenant's public name in addresses.
 */
tenant: string, 
/**
 * A BCP 47 tag; the tenant's first language when it does not speak this one.
 */
lang?: string, 
/**
 * The page the widget is on, `http` or `https`; its query is not kept.
 */
page_url?: string, };

/**
 * What a widget shows of its tenant.
 */
export type TenantBrand = { name: string, 
/**
 * `#rrggbb`.
 */
color: string, phone?: string, 
/**
 * BCP 47 tags; the first is the default.
 */
languages: Array<string>, 
/**
 * IANA zone of the business: appointments are at its clock.
 */
zone: string, };

export type SessionOpened = { session_id: string, 
/**
 * Bearer of this one session, for 24 hours at most.
 */
token: string, lang: string, tenant: TenantBrand, greeting: string, 
/**
 * With `seq` the place in the session's log: events after it are the stream's.
 */
epoch: number, seq: number, };

/**
 * Who answers now.
 */
export type SessionStatus = "open" | "with_human" | "closed";

export type Author = "customer" | "assistant" | "member";

/**
 * Who speaks for the tenant.
 */
export type Speaker = "assistant" | "member";

/**
 * A message as it stands in the conversation.
 */
export type Message = { message_id: string, 
/**
 * Its place in the conversation, from 1, without gaps.
 */
seq: number, at: string, author: Author, 
/**
 * The member's name when a member wrote.
 */
member_name?: string, text: string, 
/**
 * The sender's own id of the message.
 */
client_id?: string, };

/**
 * The answer that is being written, as far as it is.
 */
export type Draft = { draft_id: string, text: string, };

/**
 * A conversation at one instant; the events after `seq` lead on from it.
 */
export type SessionSnapshot = { session_id: string, lang: string, status: SessionStatus, 
/**
 * Who speaks, while a member does.
 */
member_name?: string, epoch: number, seq: number, 
/**
 * Oldest first, the newest 200.
 */
messages: Array<Message>, draft: Draft | null, 
/**
 * The times that were offered last.
 */
offers?: Array<OfferedTime>, 
/**
 * The newest appointments of this conversation, oldest first.
 */
bookings?: Array<ChatBooking>, 
/**
 * When somebody calls, or may.
 */
call?: ChatCall, 
/**
 * Files that came with the customer's messages.
 */
attachments?: Array<AttachmentView>, };

/**
 * A message to a conversation, from its customer or from a member.
 */
export type PostMessage = { 
/**
 * At most 5,000 characters.
 */
text: string, 
/**
 * Makes a repeat harmless: the same id is answered with the first result. 1 to 100 printable
 * ASCII characters; a UUID is a good one.
 */
client_id: string, 
/**
 * Only of a customer: the button that they pressed instead of writing.
 */
pressed?: Pressed, 
/**
 * Only of a customer: files that were announced and came with no message yet; four at most.
 */
attachments?: Array<string>, 
/**
 * Only of a member: the newest message on their screen. When somebody else has written since, nothing
 * is stored, and the answer is `409`.
 */
seen_seq?: number, };

/**
 * The message is stored.
 */
export type MessageAccepted = { message_id: string, 
/**
 * Its place in the conversation.
 */
seq: number, 
/**
 * The place of its event in the session's log: the stream after it carries what it led to.
 */
version: number, };

export type MessagePosted = { seq: number, at: string, message: Message, };

/**
 * Somebody else speaks for the tenant from now on, or nobody does.
 */
export type SessionStatusChanged = { seq: number, at: string, status: SessionStatus, by?: Speaker, 
/**
 * With `member`: who it is.
 */
member_name?: string, };

/**
 * The assistant begins an answer.
 */
export type TurnStarted = { seq: number, at: string, draft_id: string, };

/**
 * The answer came to nothing: its draft is void. Another turn, the template or a person follows.
 */
export type TurnFailed = { seq: number, at: string, draft_id: string, };

/**
 * What the assistant does before its first words.
 */
export type DraftProgress = { draft_id: string, step: Step, 
/**
 * With `tool`, which one.
 */
tool?: string, };

/**
 * A time that the assistant offers. It is not held: somebody else may take it.
 */
export type OfferedTime = { service_id: string, starts_at: string, ends_at: string, 
/**
 * Only with this resource, such as the vehicle that was asked for.
 */
resource_id?: string, };

/**
 * The times of the assistant's newest answer; they replace those of an earlier one.
 */
export type TimesOffered = { seq: number, at: string, offers: Array<OfferedTime>, };

/**
 * An appointment of this conversation.
 */
export type ChatBooking = { booking_id: string, 
/**
 * What a yes means: [`Pressed::Accept`] carries it.
 */
offer_id: string, status: BookingStatus, service_id: string, starts_at: string, ends_at: string, 
/**
 * Of a hold, when it ends by itself.
 */
hold_until: string, };

/**
 * An appointment of this conversation was held, booked, moved or given up.
 */
export type BookingChanged = { seq: number, at: string, booking: ChatBooking, };

/**
 * A button of the chat that was pressed; the message's text says the same in words.
 */
export type Pressed = { "action": "pick", service_id: string, starts_at: string, resource_id?: string, } | { "action": "accept", offer_id: string, } | { "action": "decline", offer_id: string, } | { "action": "call_me", at: string, } | { "action": "call_later" } | { "action": "do_not_call" };

/**
 * A time at which somebody can call. It is not kept: somebody else may take it.
 */
export type CallTime = { at: string, 
/**
 * How long the member keeps free for it.
 */
minutes: number, };

/**
 * Why a customer is offered a call.
 */
export type CallOfferReason = "closed" | "nobody_there" | "long_wait" | "taken" | "again";

/**
 * How a call ended.
 */
export type CallEnd = "done" | "unreached" | "missed" | "cancelled";

/**
 * A call as the customer's chat shows it.
 */
export type ChatCall = { 
/**
 * The times to choose from, in order.
 */
offered: Array<CallTime>, why?: CallOfferReason, agreed?: CallTime, 
/**
 * It is time, and somebody calls.
 */
ringing?: boolean, };

/**
 * What is so from now on.
 */
export type CallNews = { "kind": "offered", times: Array<CallTime>, why: CallOfferReason, } | { "kind": "agreed", time: CallTime, } | { "kind": "ringing" } | { "kind": "ended", end: CallEnd, };

/**
 * What happened to a call; each says the whole of it, so that the newest one holds.
 */
export type CallChanged = { seq: number, at: string, news: CallNews, };

/**
 * A call that is agreed with a lead's customer.
 */
export type AgreedCall = { 
/**
 * Who calls.
 */
member_id: string, at: string, until: string, };

/**
 * The times at which somebody of the team can call, in order.
 */
export type CallTimes = { times: Array<CallTime>, 
/**
 * IANA zone of the business.
 */
zone: string, };

/**
 * A member agrees a call with the customer, or moves it.
 */
export type AgreeCall = { 
/**
 * One of the free times.
 */
at: string, 
/**
 * Who calls; without it whoever has time, the conversation's own member first.
 */
member_id?: string, 
/**
 * The customer's number, when none is known yet.
 */
phone?: string, };

/**
 * What a member says of a call.
 */
export type CallOutcome = "done" | "unreached" | "cancelled";

/**
 * How the call went that was to be at `at`, or that it will not be.
 */
export type EndCall = { at: string, outcome: CallOutcome, };

/**
 * Somebody of the tenant's has seen the customer's messages.
 */
export type MessagesSeen = { seq: number, at: string, 
/**
 * The newest message that was on the screen.
 */
upto: number, };

/**
 * A file that a customer is about to upload.
 */
export type AnnounceAttachment = { 
/**
 * Makes a repeat harmless: the same id is answered with the first result. 1 to 100 printable
 * ASCII characters; a UUID is a good one.
 */
client_id: string, 
/**
 * How many bytes it has: 10 MiB at most.
 */
bytes: number, };

/**
 * A file of a conversation. It has no name: what a sender calls it is not kept.
 */
export type AttachmentView = { attachment_id: string, 
/**
 * The message it came with; absent until that is written.
 */
message_id?: string, bytes: number, state: AttachmentState, 
/**
 * What its first bytes say; once it has arrived.
 */
kind?: FileKind, 
/**
 * Why it will not come; once it has failed.
 */
reason?: AttachmentFailure, };

export type AttachmentState = "arriving" | "arrived" | "failed";

export type AttachmentFailure = "cancelled" | "too_large" | "wrong_kind";

export type FileKind = "jpeg" | "png" | "webp" | "heic" | "pdf";

/**
 * Files came with a message, have arrived, or will not come.
 */
export type AttachmentsChanged = { seq: number, at: string, 
/**
 * Those that changed, as they are now.
 */
attachments: Array<AttachmentView>, };

/**
 * Who writes to the customer just now; replaces what was told before. Not stored.
 */
export type Typing = { 
/**
 * Absent when nobody does.
 */
by?: Speaker, 
/**
 * With `member`.
 */
member_name?: string, };

/**
 * The customer's place among those who wait for a person; told while they wait. Not stored.
 */
export type QueuePlace = { 
/**
 * How many have waited longer.
 */
ahead: number, 
/**
 * Seconds it may still take; absent when nobody can tell.
 */
estimate_s?: number, };

/**
 * The customer types, or no longer. It holds for six seconds; repeat it while it is so.
 */
export type CustomerTyping = { on: boolean, };

/**
 * Everything up to `seq` was on the customer's screen.
 */
export type CustomerSeen = { seq: number, };

/**
 * A piece of the answer that is being written. Not stored: it has no place in the log.
 */
export type DraftDelta = { draft_id: string, 
/**
 * Characters (Unicode scalar values) of the draft before `text`.
 */
offset: number, text: string, };

/**
 * The draft is void.
 */
export type DraftDiscarded = { draft_id: string, };

/**
 * Events are missing: read the snapshot. The stream goes on from there.
 */
export type SessionGap = { snapshot_url: string, 
/**
 * Where the stream goes on.
 */
epoch: number, seq: number, };

/**
 * The stream ends after this, and this is why.
 */
export type SessionError = { problem: Problem, };

/**
 * Everything that the event stream of a session can carry.
 */
export type SessionEvent = { "type": "message.posted" } & MessagePosted | { "type": "session.status" } & SessionStatusChanged | { "type": "turn.started" } & TurnStarted | { "type": "turn.failed" } & TurnFailed | { "type": "messages.seen" } & MessagesSeen | { "type": "times.offered" } & TimesOffered | { "type": "call.changed" } & CallChanged | { "type": "booking.changed" } & BookingChanged | { "type": "attachments.changed" } & AttachmentsChanged | { "type": "typing" } & Typing | { "type": "queue" } & QueuePlace | { "type": "draft.progress" } & DraftProgress | { "type": "draft.delta" } & DraftDelta | { "type": "draft.discarded" } & DraftDiscarded | { "type": "gap" } & SessionGap | { "type": "error" } & SessionError;

/**
 * What a long poll answers: the events since the cursor, and the cursor for the next poll.
 */
export type SessionPoll = { 
/**
 * Oldest first; none when nothing happened in time.
 */
events: Array<SessionEvent>, 
/**
 * Give it as `after` to the next poll.
 */
cursor: string, };

export type PublicVehicle = { title: string, year: number, 
/**
 * As people of the language write it.
 */
price: string, 
/**
 * `electric`, `petrol`, `diesel` or `hybrid`.
 */
fuel: string, kilometres: number, 
/**
 * `available`, `reserved`, `sold` or `in_service`.
 */
status: string, };

export type PublicService = { name: string, minutes: number, price?: string, };

/**
 * Wall-clock times of the business.
 */
export type OpeningSpan = { opens: string, closes: string, };

export type OpeningDay = { 
/**
 * 1 is Monday, 7 is Sunday.
 */
weekday: number, 
/**
 * None means closed.
 */
spans: Array<OpeningSpan>, };

export type PublicTenant = { slug: string, name: string, 
/**
 * `#rrggbb`.
 */
color: string, phone?: string, email?: string, address?: string, website?: string, 
/**
 * BCP 47 tags; the first is the default.
 */
languages: Array<string>, 
/**
 * IANA zone of the business, such as `Europe/Oslo`.
 */
zone: string, vehicles: Array<PublicVehicle>, services: Array<PublicService>, 
/**
 * Monday to Sunday.
 */
hours: Array<OpeningDay>, };

/**
 * What a resource is.
 */
export type ResourceKind = "vehicle" | "bay" | "person" | "room" | "service";

/**
 * Why a resource is kept out of use.
 */
export type BlockKind = "block" | "maintenance";

/**
 * Where a booking stands.
 */
export type BookingStatus = "held" | "booked" | "cancelled" | "expired" | "no_show";

/**
 * A resource as it is to be: all of it.
 */
export type PutResource = { kind: ResourceKind, 
/**
 * At most 200 characters.
 */
name: string, 
/**
 * How many bookings it carries at once, 64 at most.
 */
capacity?: number, 
/**
 * Minutes that it needs around every booking, besides the service's.
 */
buffer_before_minutes?: number, buffer_after_minutes?: number, 
/**
 * The vehicle it is.
 */
vehicle_id?: string, 
/**
 * Its own working hours, Monday to Sunday, in the tenant's zone; without, the tenant's hold.
 */
hours?: Array<Array<OpeningSpan>>, active?: boolean, };

/**
 * A resource.
 */
export type ResourceView = { resource_id: string, kind: ResourceKind, 
/**
 * At most 200 characters.
 */
name: string, 
/**
 * How many bookings it carries at once, 64 at most.
 */
capacity?: number, 
/**
 * Minutes that it needs around every booking, besides the service's.
 */
buffer_before_minutes?: number, buffer_after_minutes?: number, 
/**
 * The vehicle it is.
 */
vehicle_id?: string, 
/**
 * Its own working hours, Monday to Sunday, in the tenant's zone; without, the tenant's hold.
 */
hours?: Array<Array<OpeningSpan>>, active?: boolean, };

export type ResourceList = { resources: Array<ResourceView>, };

/**
 * A stretch of a resource that somebody has, or in which it is out of use.
 */
export type LedgerEntry = { from: string, until: string, 
/**
 * Whose it is; absent where it is blocked.
 */
booking_id?: string, 
/**
 * Counted from 0.
 */
unit?: number, 
/**
 * When the hold ends by itself.
 */
held_until?: string, blocked?: BlockKind, };

/**
 * A resource with what is booked, held and blocked of it, buffers included.
 */
export type ResourceLedger = { resource: ResourceView, entries: Array<LedgerEntry>, };

/**
 * Times at which a resource cannot be booked.
 */
export type NewBlock = { kind: BlockKind, 
/**
 * For staff; customers never see it. At most 200 characters.
 */
label?: string, 
/**
 * On the wall clock of the zone, without an offset: a weekly block stays at nine when the clock changes.
 */
starts_at: string, 
/**
 * IANA; the tenant's when it is not given.
 */
zone?: string, minutes: number, 
/**
 * RFC 5545: FREQ (DAILY, WEEKLY, MONTHLY), INTERVAL, COUNT, UNTIL, BYDAY.
 */
rule?: string, };

export type BlockCreated = { block_id: string, };

/**
 * One thing that a service needs: a unit of any resource of a kind, or of one of some.
 */
export type ServiceNeed = { kind: ResourceKind, 
/**
 * Only these, the preferred first; empty for any of the kind.
 */
only: Array<string>, };

/**
 * Under which terms a service is booked: all of them.
 */
export type PutTerms = { minutes: number, 
/**
 * Minutes that are kept free around it.
 */
buffer_before_minutes: number, buffer_after_minutes: number, 
/**
 * The earliest start, counted from now.
 */
notice_minutes: number, 
/**
 * The latest start, counted from now.
 */
horizon_days: number, 
/**
 * How many may run at once when it needs nothing else.
 */
capacity: number, 
/**
 * What it needs, each a different resource; empty for its own places.
 */
needs: Array<ServiceNeed>, };

export type ServiceTerms = { service_id: string, 
/**
 * In the tenant's first language.
 */
name: string, minutes: number, 
/**
 * Minutes that are kept free around it.
 */
buffer_before_minutes: number, buffer_after_minutes: number, 
/**
 * The earliest start, counted from now.
 */
notice_minutes: number, 
/**
 * The latest start, counted from now.
 */
horizon_days: number, 
/**
 * How many may run at once when it needs nothing else.
 */
capacity: number, 
/**
 * What it needs, each a different resource; empty for its own places.
 */
needs: Array<ServiceNeed>, };

export type ServiceTermsList = { services: Array<ServiceTerms>, };

/**
 * Whom a booking is for, as far as it is known.
 */
export type BookingCustomer = { name?: string, email?: string, 
/**
 * As people write it; kept as E.164.
 */
phone?: string, 
/**
 * BCP 47.
 */
lang?: string, 
/**
 * IANA: where the customer's own clock is.
 */
zone?: string, sms_consent?: boolean, };

/**
 * Hold a time for a customer.
 */
export type HoldBooking = { service_id: string, 
/**
 * An instant, or a time on the tenant's wall clock (`2026-11-24T14:00`).
 */
starts_at: string, 
/**
 * Only with this resource, such as the vehicle that was asked for.
 */
resource_id?: string, customer?: BookingCustomer, 
/**
 * At most 2,000 characters.
 */
notes?: string, session_id?: string, 
/**
 * 1 to 60; five when it is not given.
 */
hold_minutes?: number, 
/**
 * The same again is the same booking.
 */
client_id: string, };

/**
 * Say yes to exactly this offer.
 */
export type ConfirmBooking = { offer_id: string, 
/**
 * Replaces what was known of the customer.
 */
customer?: BookingCustomer, };

export type RescheduleBooking = { 
/**
 * An instant, or a time on the tenant's wall clock.
 */
starts_at: string, };

export type CancelBooking = { 
/**
 * At most 500 characters.
 */
reason?: string, };

/**
 * A booking as staff see it.
 */
export type BookingView = { booking_id: string, 
/**
 * As it is now: a hold that is over is expired.
 */
status: BookingStatus, service_id: string, starts_at: string, ends_at: string, 
/**
 * The zone whose clock was meant, IANA.
 */
zone: string, 
/**
 * The start on that clock.
 */
local: string, 
/**
 * The start on the customer's own clock, where that is another one.
 */
customer_local?: string, resource_ids: Array<string>, 
/**
 * What a yes must name.
 */
offer_id: string, 
/**
 * When the hold ends by itself.
 */
hold_until?: string, customer: BookingCustomer, notes?: string, session_id?: string, 
/**
 * How often its calendar entry has changed.
 */
sequence: number, created_at: string, };

export type BlockList = { blocks: Array<BlockView>, };

/**
 * A block that people made.
 */
export type BlockView = { block_id: string, kind: BlockKind, label?: string, 
/**
 * On the wall clock of `zone`.
 */
starts_at: string, 
/**
 * IANA.
 */
zone: string, minutes: number, 
/**
 * RFC 5545; absent for once.
 */
rule?: string, };

/**
 * Put somebody on a waiting list.
 */
export type NewWait = { service_id: string, 
/**
 * The first day on which they would come, in the tenant's zone.
 */
from: string, 
/**
 * The last one; at most 400 days later.
 */
to: string, customer: BookingCustomer, 
/**
 * The conversation that shows an offer, besides the letter.
 */
session_id?: string, 
/**
 * The same again is the same place.
 */
client_id: string, };

export type WaitCreated = { wait_id: string, };

export type WaitList = { 
/**
 * First come first.
 */
waits: Array<WaitView>, };

/**
 * Somebody on a waiting list.
 */
export type WaitView = { wait_id: string, service_id: string, 
/**
 * Between which instants they would come.
 */
from: string, until: string, customer: BookingCustomer, created_at: string, 
/**
 * What is held for them.
 */
booking_id?: string, 
/**
 * Until when.
 */
offered_until?: string, };

/**
 * The customer's own yes to what is held for them.
 */
export type AcceptOffer = { offer_id: string, };

/**
 * When customers are reminded of bookings, and how long an offer to who waits holds.
 */
export type BookingRules = { 
/**
 * Minutes before the start, 15 to 20,160 (14 days); 0 for no such reminder. For bookings from now on.
 */
first_reminder_minutes: number, 
/**
 * The same of the second, which comes later.
 */
second_reminder_minutes: number, 
/**
 * 5 to 60.
 */
offer_minutes: number, 
/**
 * What was read; who changes the rules sends it back.
 */
version: string, };

/**
 * What happened to a booking.
 */
export type BookingEventName = "booking.held" | "booking.booked" | "booking.rescheduled" | "booking.cancelled" | "booking.no_show" | "booking.expired";

/**
 * Where a booking stands after a step; whose it is only by id.
 */
export type BookingNow = { booking_id: string, 
/**
 * Rises by one with every step.
 */
version: number, status: BookingStatus, service_id: string, starts_at: string, ends_at: string, 
/**
 * The zone whose clock was meant, IANA.
 */
zone: string, 
/**
 * The start on that clock.
 */
local: string, resource_ids: Array<string>, 
/**
 * The conversation it came from; absent when staff took it on the telephone.
 */
session_id?: string, 
/**
 * While it is held: when that ends by itself.
 */
hold_until?: string, 
/**
 * With `booking.rescheduled`: where it was.
 */
moved_from?: string, 
/**
 * How often its calendar entry has changed.
 */
sequence: number, 
/**
 * `customer`, `member`, `assistant` or `engine`.
 */
by: string, };

export type BookingPage = { bookings: Array<BookingView>, 
/**
 * Give it as `cursor` for the next page.
 */
next?: string, };

/**
 * One thing that happened to a booking.
 */
export type BookingStep = { at: string, 
/**
 * `booking.held`, `booking.confirmed`, …
 */
what: string, 
/**
 * `customer`, `member`, `assistant` or `engine`.
 */
by: string, member_id?: string, };

/**
 * A letter about a booking.
 */
export type BookingLetter = { 
/**
 * `confirmation`, `change`, `cancellation`, `reminder_24h` or `reminder_2h`.
 */
kind: string, 
/**
 * `pending`, `handing_over`, `accepted`, `failed`, `uncertain` or `dropped`.
 */
status: string, due_at: string, };

/**
 * A booking with all that happened to it.
 */
export type BookingDetail = { booking: BookingView, history: Array<BookingStep>, letters: Array<BookingLetter>, 
/**
 * What the customer's own link carries: opens this one booking at `/v1/public/bookings/{token}`.
 */
customer_token: string, };

/**
 * A free time.
 */
export type FreeSlot = { starts_at: string, ends_at: string, 
/**
 * The start on the business's clock.
 */
local: string, 
/**
 * The start on the customer's own clock, when a zone was given.
 */
customer_local?: string, };

/**
 * One reason why nothing is free.
 */
export type NoSlotReason = { 
/**
 * `booking.why.closed`, `booking.why.booked`, …
 */
key: string, 
/**
 * In the language that was asked for.
 */
sentence: string, 
/**
 * How many times it ruled out.
 */
times: number, };

export type FreeSlots = { 
/**
 * The business's zone, IANA.
 */
zone: string, customer_zone?: string, slots: Array<FreeSlot>, 
/**
 * Why there is none; the commonest first.
 */
why: Array<NoSlotReason>, };

/**
 * A booking as the holder of its link sees it.
 */
export type PublicBooking = { 
/**
 * Who it is with.
 */
business: string, 
/**
 * The business's public name, to ask for free times by.
 */
tenant: string, status: BookingStatus, service_id: string, service: string, starts_at: string, ends_at: string, zone: string, 
/**
 * While it is held: what a yes must name.
 */
offer_id?: string, 
/**
 * While it is held: when that ends by itself.
 */
hold_until?: string, local: string, customer_local?: string, };

/**
 * Asks for a code, to find one's bookings without their link. One of `email` and `phone` is needed.
 */
export type FindBookings = { 
/**
 * The tenant's public name.
 */
tenant: string, email?: string, phone?: string, 
/**
 * The end of a booking's id, of several.
 */
reference?: string, };

/**
 * The same whether or not there is a booking: who has one has got a letter.
 */
export type CodeAsked = { 
/**
 * Belongs to the code.
 */
find: string, 
/**
 * Until when a code is good.
 */
until: string, };

/**
 * Brings back the code of a letter.
 */
export type BringCode = { tenant: string, 
/**
 * Of [`CodeAsked`].
 */
find: string, code: string, };

export type OwnBooking = { 
/**
 * Opens `/v1/public/bookings/{token}` and what is below it.
 */
token: string, booking: PublicBooking, };

/**
 * The bookings that are ahead of whoever has brought a code.
 */
export type OwnBookings = { bookings: Array<OwnBooking>, 
/**
 * Until when the tokens are good.
 */
until: string, };

/**
 * An amount of money.
 */
export type EntryPrice = { 
/**
 * In minor units: 99900 is 999 kroner.
 */
minor: number, 
/**
 * ISO 4217.
 */
currency: string, };

/**
 * Something that fits a question.
 */
export type FoundPassage = { id: string, 
/**
 * `faq`, `policy`, `service` or `page`.
 */
source: string, text: string, 
/**
 * Only good for comparing passages of one search.
 */
score: number, 
/**
 * Of a page.
 */
url: string | null, 
/**
 * `words` of the question stand in it; `meaning` when it only means something near; `both`.
 */
found_by: string, };

/**
 * What fits a question, the best first.
 */
export type FoundPassages = { passages: Array<FoundPassage>, };

/**
 * Something that an answer stood on, as it read then.
 */
export type Ground = { 
/**
 * The try of the assistant whose answer it was.
 */
turn_id: string, 
/**
 * Of the passage, vehicle or service.
 */
id: string, 
/**
 * `faq`, `policy`, `service`, `page`, `vehicle`, or `gone`.
 */
source: string, title: string, excerpt: string, url: string | null, 
/**
 * Of a passage that was searched for: `words`, `meaning` or `both`.
 */
found_by: string | null, at: string, };

/**
 * A preview at one instant.
 */
export type Preview = { preview_id: string, lang: string, answers: PreviewAnswers, tenant: TenantBrand, greeting: string, 
/**
 * When it began: calendars are those of this moment.
 */
began_at: string, 
/**
 * When it ends if nobody writes.
 */
ends_at: string, 
/**
 * So many more messages may be written.
 */
messages_left: number, status: SessionStatus, 
/**
 * Where the conversation stands: `greeting`, `qualifying`, `proposing`, `confirming`, `done` or `escalated`.
 */
stage: string, 
/**
 * Why a person would have been called.
 */
human_reason?: HumanReason, 
/**
 * Oldest first.
 */
messages: Array<Message>, draft?: Draft, 
/**
 * Oldest first, each with what it did.
 */
turns: Array<PreviewTurn>, 
/**
 * The times that were offered last.
 */
offers: Array<OfferedTime>, 
/**
 * What would be held or booked; nothing is.
 */
bookings: Array<ChatBooking>, 
/**
 * Of what offers and bookings speak.
 */
services: Array<PreviewService>, 
/**
 * What would have been sent; nothing was.
 */
letters: Array<PreviewLetter>, };

/**
 * Who answers in a preview.
 */
export type PreviewAnswers = "models" | "house";

/**
 * A letter that would have been sent.
 */
export type PreviewLetter = { at: string, kind: PreviewLetterKind, 
/**
 * To whom; of an alert the members' address.
 */
to: string, subject?: string, text?: string, };

export type PreviewLetterKind = "answer" | "booking" | "alert";

/**
 * What the member writes as a customer would.
 */
export type PreviewMessage = { 
/**
 * The preview that is on the screen: one that has ended gets nothing.
 */
preview_id: string, 
/**
 * At most 5,000 characters.
 */
text: string, 
/**
 * Makes a repeat harmless: 1 to 100 printable ASCII characters.
 */
client_id: string, 
/**
 * The button that was pressed instead of writing.
 */
pressed?: Pressed, };

/**
 * What is to be looked at before customers come.
 */
export type PreviewReadiness = { 
/**
 * Whether models are configured; without them the house responder answers.
 */
models: boolean, checks: Array<ReadinessCheck>, };

export type PreviewService = { service_id: string, 
/**
 * In the preview's language.
 */
name: string, };

/**
 * A tool that was used.
 */
export type PreviewTool = { tool: string, 
/**
 * `done`, `bad_arguments`, `refused` or `failed`.
 */
outcome: string, 
/**
 * A short word for why not, such as `not_free`.
 */
code?: string, took_ms: number, 
/**
 * JSON, when a model called it.
 */
arguments?: string, 
/**
 * What the model was told, 4,000 characters at most.
 */
result?: string, };

/**
 * One try of the assistant to answer, with its reasons.
 */
export type PreviewTurn = { turn_id: string, at: string, state: PreviewTurnState, 
/**
 * The answer.
 */
message_id?: string, 
/**
 * Who answered, such as `house` or `template`.
 */
model?: string, 
/**
 * With its version, such as `reply@3`.
 */
prompt?: string, 
/**
 * Milliseconds from its beginning to its end.
 */
took_ms?: number, 
/**
 * Why it came to nothing, such as `rate_limited`.
 */
failure?: string, tools: Array<PreviewTool>, withheld: Array<WithheldSentence>, 
/**
 * What the answer stood on.
 */
grounds: Array<Ground>, };

/**
 * How a try to answer stands.
 */
export type PreviewTurnState = "running" | "answered" | "failed" | "cancelled";

export type ReadinessCheck = { of: ReadinessOf, state: ReadinessState, 
/**
 * How many there are.
 */
count: number, };

export type ReadinessOf = "services" | "hours" | "knowledge" | "stock" | "staff" | "alerts" | "website" | "models";

export type ReadinessState = "ready" | "advised" | "missing";

/**
 * Begins a preview; the member's earlier one ends.
 */
export type StartPreview = { 
/**
 * A BCP 47 tag; the tenant's first language when it does not speak this one.
 */
lang?: string, 
/**
 * Who answers; the configured models when nothing is said.
 */
answers?: PreviewAnswers, };

/**
 * What the answers of a conversation stood on, the newest first.
 */
export type Grounds = { grounds: Array<Ground>, };

/**
 * Opening hours with days that differ, in wall-clock time of the business.
 */
export type Hours = { 
/**
 * Seven days from Monday on; a day without stretches is closed.
 */
week: Array<Array<OpeningSpan>>, 
/**
 * Holidays and other days with hours of their own.
 */
exceptions: Array<HoursException>, 
/**
 * IANA zone; may be left out when hours are changed.
 */
zone: string | null, 
/**
 * What was read; who changes the hours sends it back.
 */
version: string, };

/**
 * A day with hours of its own.
 */
export type HoursException = { date: string, 
/**
 * None means closed.
 */
spans: Array<OpeningSpan>, };

/**
 * One change of an entry, of the profile or of the hours.
 */
export type KnowledgeChange = { version: number, 
/**
 * `made`, `changed`, `deleted` or `restored`.
 */
action: string, 
/**
 * How it stood after.
 */
body: unknown, member_id: string | null, member_name: string | null, at: string, };

/**
 * The entries of a kind, in their order.
 */
export type KnowledgeEntries = { entries: Array<KnowledgeEntry>, };

/**
 * A service, a question or a rule, as it is kept.
 */
export type KnowledgeEntry = { id: string, 
/**
 * Rises with every change; who changes it names the version that was changed.
 */
version: number, title: { [key in string]: string }, text: { [key in string]: string }, keywords: Array<string>, price: EntryPrice | null, minutes: number | null, active: boolean, deleted: boolean, updated_at: string, };

/**
 * Newest first.
 */
export type KnowledgeHistory = { changes: Array<KnowledgeChange>, };

/**
 * How a business looks and is reached; all of it is public.
 */
export type Profile = { name: string, phone: string | null, email: string | null, address: string | null, website: string | null, 
/**
 * `https` address of a logo.
 */
logo_url: string | null, 
/**
 * `#rrggbb`.
 */
color: string, 
/**
 * What was read; who changes the profile sends it back.
 */
version: string, };

/**
 * A service, a question or a rule, as it is to be kept.
 */
export type PutEntry = { 
/**
 * By language: the service's name, the question, or the rule's title; 300 characters at most.
 */
title: { [key in string]: string }, 
/**
 * By language: the service's description, the answer, or the rule; 4,000 characters at most.
 */
text: { [key in string]: string }, 
/**
 * Words that customers use for it; 50 at most.
 */
keywords: Array<string>, 
/**
 * Of a service alone.
 */
price: EntryPrice | null, 
/**
 * How long a new service takes, in minutes; later its terms say so.
 */
minutes: number | null, 
/**
 * Whether the assistant may say it.
 */
active: boolean, 
/**
 * The version that was changed; left out to make a new one.
 */
version: number | null, 
/**
 * The open question that this answers.
 */
question_id: string | null, };

/**
 * Names the version that is to be restored.
 */
export type RestoreEntry = { version: number, };

/**
 * A question that the assistant had no answer to.
 */
export type UnansweredQuestion = { id: string, lang: string, 
/**
 * Without what tells who asked.
 */
text: string, 
/**
 * How often it was asked.
 */
times: number, 
/**
 * The conversation in which it was asked last.
 */
session_id: string, first_at: string, last_at: string, };

/**
 * Open questions, the most asked first.
 */
export type UnansweredQuestions = { questions: Array<UnansweredQuestion>, };

/**
 * Oldest first.
 */
export type Websites = { websites: Array<WebsiteView>, };

/**
 * A website, and how far it is read.
 */
export type WebsiteView = { id: string, url: string, 
/**
 * `waiting`, `reading`, `read` or `failed`.
 */
status: string, 
/**
 * Addresses that were found.
 */
pages_seen: number, pages_read: number, passages: number, 
/**
 * Why the last reading ended early (`pages`, `time`, `passages`) or failed (`robots`, `dns`,
 * `refused_address`, `unreachable`, `timeout`, `status`, `no_text`, `internal`).
 */
code: string | null, updated_at: string, 
/**
 * When it is read next.
 */
next_at: string | null, };

/**
 * A website that is to be read.
 */
export type AddWebsite = { 
/**
 * `https`, of the open internet.
 */
url: string, };

/**
 * What a vehicle drives on.
 */
export type VehicleFuel = "electric" | "petrol" | "diesel" | "hybrid";

/**
 * Whether it can be had.
 */
export type VehicleStatus = "available" | "reserved" | "sold" | "in_service";

/**
 * The kind of body.
 */
export type VehicleBody = "hatchback" | "saloon" | "estate" | "suv" | "coupe" | "convertible" | "mpv" | "van" | "pickup" | "motorcycle" | "other";

/**
 * The kind of gearbox.
 */
export type VehicleTransmission = "manual" | "automatic";

/**
 * Which wheels are driven.
 */
export type VehicleDrive = "front" | "rear" | "all";

/**
 * A vehicle as it is to be: all of it.
 */
export type VehicleFields = { 
/**
 * At most 100 characters.
 */
make: string, model: string, variant?: string, 
/**
 * The model year, next year at most.
 */
year: number, 
/**
 * In minor units: 39 900 000 is 399 000 kroner.
 */
price_minor: number, 
/**
 * ISO 4217: `NOK`, `EUR` or `USD`.
 */
currency: string, fuel: VehicleFuel, kilometres: number, status?: VehicleStatus, 
/**
 * The business's own number of it; no two vehicles have the same.
 */
stock_number?: string, 
/**
 * ISO 3779. The check digit must be right where it is one: for North America.
 */
vin?: string, 
/**
 * Kept in the normal form of its country; one that no rule knows is kept as it is written.
 */
plate?: string, 
/**
 * ISO 3166-1; the business's own country when it is not given.
 */
plate_country?: string, body?: VehicleBody, seats?: number, 
/**
 * By WLTP.
 */
range_km?: number, transmission?: VehicleTransmission, drive?: VehicleDrive, colour?: string, power_kw?: number, 
/**
 * The heaviest braked trailer.
 */
towing_kg?: number, 
/**
 * At most 100 pieces.
 */
equipment?: Array<string>, 
/**
 * By BCP 47 tag: `nb`, `fr`, `en`, `ar`.
 */
description?: Record<string, string>, 
/**
 * Addresses by https, or of uploaded pictures; in the order in which they are shown, 20 at most.
 */
photos?: Array<string>, 
/**
 * Where it stands.
 */
location?: string, first_registered?: string, 
/**
 * Its page on the business's website.
 */
listing_url?: string, };

/**
 * Something about a vehicle's numbers that a person may want to look at; nothing is wrong.
 */
export type VehicleNote = "vin_unchecked" | "plate_provisional" | "plate_personal" | "plate_unknown";

/**
 * A vehicle in stock.
 */
export type VehicleView = { vehicle_id: string, 
/**
 * Raised by every change; who changes names the one they saw.
 */
version: number, title: string, 
/**
 * Out of the stock; it can be restored.
 */
deleted: boolean, 
/**
 * Which statuses may follow.
 */
next_statuses: Array<VehicleStatus>, notes: Array<VehicleNote>, created_at: string, updated_at: string, 
/**
 * At most 100 characters.
 */
make: string, model: string, variant?: string, 
/**
 * The model year, next year at most.
 */
year: number, 
/**
 * In minor units: 39 900 000 is 399 000 kroner.
 */
price_minor: number, 
/**
 * ISO 4217: `NOK`, `EUR` or `USD`.
 */
currency: string, fuel: VehicleFuel, kilometres: number, status?: VehicleStatus, 
/**
 * The business's own number of it; no two vehicles have the same.
 */
stock_number?: string, 
/**
 * ISO 3779. The check digit must be right where it is one: for North America.
 */
vin?: string, 
/**
 * Kept in the normal form of its country; one that no rule knows is kept as it is written.
 */
plate?: string, 
/**
 * ISO 3166-1; the business's own country when it is not given.
 */
plate_country?: string, body?: VehicleBody, seats?: number, 
/**
 * By WLTP.
 */
range_km?: number, transmission?: VehicleTransmission, drive?: VehicleDrive, colour?: string, power_kw?: number, 
/**
 * The heaviest braked trailer.
 */
towing_kg?: number, 
/**
 * At most 100 pieces.
 */
equipment?: Array<string>, 
/**
 * By BCP 47 tag: `nb`, `fr`, `en`, `ar`.
 */
description?: Record<string, string>, 
/**
 * Addresses by https, or of uploaded pictures; in the order in which they are shown, 20 at most.
 */
photos?: Array<string>, 
/**
 * Where it stands.
 */
location?: string, first_registered?: string, 
/**
 * Its page on the business's website.
 */
listing_url?: string, };

export type VehiclePage = { vehicles: Array<VehicleView>, 
/**
 * How many there are on all pages.
 */
total: number, 
/**
 * The `offset` of the next page.
 */
next?: number, };

/**
 * Some fields of a vehicle, as they are to be.
 */
export type ChangeVehicle = { 
/**
 * The one that was seen.
 */
version: number, 
/**
 * Fields of `VehicleFields`; `null` empties one. What is not named stays.
 */
set: { [K in keyof VehicleFields]?: VehicleFields[K] | null }, };

export type SetVehicleStatus = { 
/**
 * The one that was seen.
 */
version: number, status: VehicleStatus, };

/**
 * A field, what it held and what it holds; `null` is nothing. `price` holds `minor` and `currency`.
 */
export type VehicleFieldChange = { field: string, from: unknown, to: unknown, };

/**
 * What happened to a vehicle.
 */
export type VehicleStepKind = "added" | "changed" | "deleted" | "restored";

export type VehicleStep = { version: number, at: string, what: VehicleStepKind, member_id?: string, 
/**
 * Of the member, as far as it is known.
 */
by?: string, 
/**
 * The file it came from.
 */
import_id?: string, changes: Array<VehicleFieldChange>, };

/**
 * The newest step first.
 */
export type VehicleStory = { steps: Array<VehicleStep>, 
/**
 * The `before` of the next page.
 */
next?: number, };

/**
 * How many rows of a file become what.
 */
export type ImportCounts = { new: number, changed: number, same: number, bad: number, };

export type ImportOutcome = "new" | "changed" | "same" | "bad";

/**
 * What is wrong with a row, and how to mend it.
 */
export type ImportFault = { 
/**
 * The column as the file calls it; absent when it is about the whole row, or a column is missing.
 */
column?: string, 
/**
 * Stable, such as `required`, `number`, `vin`, `key`, `twice`, `another`.
 */
code: string, detail: string, 
/**
 * What stands there, shortened.
 */
value?: string, };

export type ImportRow = { 
/**
 * Of the file, counted as editors do.
 */
line: number, title: string, outcome: ImportOutcome, changes?: Array<VehicleFieldChange>, errors?: Array<ImportFault>, };

/**
 * What a file would do; nothing is done yet.
 */
export type ImportPreview = { import_id: string, encoding: string, delimiter: string, 
/**
 * Headers that mean nothing here; their columns are passed over.
 */
unknown_columns: Array<string>, counts: ImportCounts, 
/**
 * Those with mistakes first, then what changes, then what is new; 1,000 at most.
 */
rows: Array<ImportRow>, 
/**
 * Rows that are not shown, besides those that change nothing.
 */
left_out: number, };

/**
 * A file that was imported.
 */
export type ImportDone = { import_id: string, counts: ImportCounts, imported_at: string, };

/**
 * A vehicle as everybody sees it: no VIN, no plate.
 */
export type StockVehicle = { vehicle_id: string, title: string, make: string, model: string, variant?: string, year: number, 
/**
 * As people of the language write it.
 */
price: string, price_minor: number, currency: string, fuel: VehicleFuel, kilometres: number, status: VehicleStatus, body?: VehicleBody, seats?: number, range_km?: number, transmission?: VehicleTransmission, drive?: VehicleDrive, colour?: string, power_kw?: number, towing_kg?: number, equipment: Array<string>, 
/**
 * In the language that was asked for, else in one there is.
 */
description: string, photos: Array<string>, location?: string, listing_url?: string, };

/**
 * A business's vehicles that can be had, or are reserved.
 */
export type PublicStock = { vehicles: Array<StockVehicle>, total: number, 
/**
 * The `offset` of the next page.
 */
next?: number, };

export type ToolMethod = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

/**
 * What a call does to the other side.
 */
export type ToolAccess = "read" | "write";

export type ToolFieldKind = "text" | "number" | "date" | "amount";

/**
 * A field of a tool's answer that may be known and said.
 */
export type ToolField = { name: string, 
/**
 * A JSON pointer into the answer; one `*` stands for every element of a list.
 */
pointer: string, 
/**
 * By language: what it is. An answer that says the value has one of these words beside it.
 */
label: { [key in string]: string }, kind: ToolFieldKind, 
/**
 * Of a number: what it counts, such as `km`.
 */
unit?: string, 
/**
 * Of an amount: NOK, EUR or USD.
 */
currency?: string, };

/**
 * A tool of a tenant's own, as it is to be kept.
 */
export type PutTool = { 
/**
 * Of `a-z`, `0-9` and `_`; unlike every other tool.
 */
name: string, 
/**
 * By language: when to use it, for the model; 500 characters at most.
 */
description: { [key in string]: string }, 
/**
 * A flat JSON Schema: an object of at most 12 strings, whole numbers and truth values.
 */
arguments: object, method: ToolMethod, 
/**
 * An `https` address; `{argument}` stands for a required argument in its path or query.
 */
url: string, 
/**
 * All its headers with their values; left out to keep those that there are.
 */
headers: { [key in string]: string } | null, 
/**
 * 500 to 10,000.
 */
timeout_ms: number, access: ToolAccess, 
/**
 * Calls that one conversation may make, 1 to 20.
 */
budget: number, 
/**
 * What of its answer the assistant may know and say.
 */
answer: Array<ToolField>, 
/**
 * Whether the assistant is offered it.
 */
active: boolean, 
/**
 * The version that was changed; left out to make a new one.
 */
version: number | null, };

/**
 * A tool of a tenant's own.
 */
export type Tool = { tool_id: string, 
/**
 * Rises with every change; who changes it names the version that was changed.
 */
version: number, name: string, description: { [key in string]: string }, arguments: object, method: ToolMethod, url: string, 
/**
 * Names of its headers; their values are never shown.
 */
headers: Array<string>, timeout_ms: number, access: ToolAccess, budget: number, answer: Array<ToolField>, active: boolean, updated_at: string, };

/**
 * A tool that every tenant has.
 */
export type BuiltInTool = { name: string, description: string, 
/**
 * `reads`, `reveals`, `notes`, `holds` or `binds`.
 */
risk: string, arguments: object, };

export type Tools = { 
/**
 * Of the tenant's own, by name.
 */
tools: Array<Tool>, built_in: Array<BuiltInTool>, };

/**
 * A tool as it once was.
 */
export type ToolVersion = { 
/**
 * `made`, `changed` or `deleted`.
 */
action: string, member_id: string | null, 
/**
 * As it stood after.
 */
tool: Tool, };

export type ToolVersions = { 
/**
 * Newest first.
 */
versions: Array<ToolVersion>, };

/**
 * One call of a tool: when and how it ended; neither arguments nor the answer are kept.
 */
export type ToolCall = { at: string, took_ms: number, status: number | null, 
/**
 * `done`, or why not: `status`, `timeout`, `refused_address`, `redirect`, `too_large`, `not_json` …
 */
code: string, version: number, 
/**
 * Of a conversation's call.
 */
session_id: string | null, 
/**
 * Of a trial.
 */
member_id: string | null, };

export type ToolCalls = { 
/**
 * Newest first; the last 200 are kept.
 */
calls: Array<ToolCall>, };

/**
 * A trial.
 */
export type TryTool = { arguments: object, 
/**
 * Of a tool of the tenant's own: whether the call is made; else it is only shown.
 */
send: boolean, 
/**
 * The language of the conversation; the tenant's first when left out.
 */
lang: string | null, };

export type ToolRequest = { method: ToolMethod, url: string, 
/**
 * Names alone.
 */
headers: Array<string>, body: string | null, };

export type ToolSent = { status: number | null, code: string, took_ms: number, 
/**
 * What the assistant would know.
 */
fields: object | null, 
/**
 * What it could say, a line for each value.
 */
may_say: Array<string>, 
/**
 * Fields that could not be used.
 */
left_out: Array<string>, };

export type ToolDryRun = { 
/**
 * Whether the tool only reads: then `shown` is its result, else its plan.
 */
is_result: boolean, would_run: boolean, shown: unknown, };

/**
 * What a trial showed. Nothing was changed.
 */
export type ToolTrial = { 
/**
 * Of a tool of the tenant's own: exactly what is sent.
 */
request?: ToolRequest, 
/**
 * What came of it, if it was sent.
 */
sent?: ToolSent, 
/**
 * Of a tool that every tenant has: what it answers, or what it would do.
 */
dry_run?: ToolDryRun, };

/**
 * The credentials of the demo, shown where it runs and nowhere else.
 */
export type DemoLogin = { tenant: string, email: string, password: string, };

/**
 * A member signs in.
 */
export type Login = { 
/**
 * The tenant's public name in addresses.
 */
tenant: string, email: string, password: string, };

/**
 * Each role may do all that the ones after it may.
 */
export type Role = "owner" | "manager" | "seller";

/**
 * When the steps of a promise are due, in milliseconds after the customer's message.
 */
export type MyPromise = { second_model_ms: number, models_end_ms: number, template_ms: number, alert_ms: number, deadline_ms: number, };

export type MyTenant = { slug: string, name: string, 
/**
 * `#rrggbb`.
 */
color: string, languages: Array<string>, 
/**
 * IANA name of the business's zone.
 */
zone: string, promise: MyPromise, };

/**
 * Who is signed in, and where.
 */
export type Me = { member_id: string, name: string, email: string, role: Role, tenant: MyTenant, };

export type LeadStatus = "new" | "contacted" | "qualified" | "won" | "lost";

export type LeadSource = "website" | "widget";

export type PromiseState = "none" | "waiting" | "kept" | "broken";

export type Answerer = "model" | "template" | "member";

/**
 * Why a person is needed.
 */
export type HumanReason = "no_model_answer" | "not_proven" | "promise_broken" | "undeliverable" | "uncertain" | "still_waiting" | "quarantined" | "customer_asked" | "upset" | "too_long" | "callback_due" | "callback_missed";

/**
 * The promise clock of a lead: does somebody wait, until when, and how did it end.
 */
export type LeadPromise = { state: PromiseState, since?: string, deadline?: string, 
/**
 * How long the customer waited until the answer was proven.
 */
answered_after_ms?: number, by?: Answerer, 
/**
 * The model, when a model answered.
 */
model?: string, };

/**
 * A lead as the list shows it.
 */
export type Lead = { lead_id: string, session_id: string, name?: string, email?: string, 
/**
 * E.164.
 */
phone?: string, vehicle_interest?: string, source: LeadSource, source_url?: string, status: LeadStatus, created_at: string, updated_at: string, 
/**
 * The beginning of the customer's last message.
 */
excerpt: string, 
/**
 * How often the same person came again.
 */
repeats: number, 
/**
 * BCP 47 tag of the conversation's language.
 */
language: string, promise: LeadPromise, needs_human: boolean, human_reason?: HumanReason, session_status: SessionStatus, 
/**
 * Whose conversation it is.
 */
assignee?: string, 
/**
 * Who calls the customer when, if that is agreed.
 */
callback?: AgreedCall, };

/**
 * What an event changed of a lead: a field that is absent is as it was. `human_reason`, `assignee`
 * and `callback` are null when there is none any more.
 */
export type LeadChanges = { updated_at: string, status?: LeadStatus, excerpt?: string, repeats?: number, language?: string, promise?: LeadPromise, 
/**
 * Set together with `needs_human`.
 */
human_reason?: HumanReason | null, needs_human?: boolean, session_status?: SessionStatus, assignee?: string | null, 
/**
 * Null when no call is agreed any more.
 */
callback?: AgreedCall | null, };

/**
 * One page of the list, and where the log stood when it was read.
 */
export type LeadPage = { 
/**
 * Newest first.
 */
leads: Array<Lead>, total: number, 
/**
 * From 1.
 */
page: number, pages: number, per_page: number, 
/**
 * With `seq` the cursor for `hello.after`: live events after it change the list.
 */
epoch: number, seq: number, };

/**
 * One thing that happened.
 */
export type TimelineEntry = { 
/**
 * Its place in the tenant's log.
 */
seq: number, at: string, 
/**
 * A stable name such as `promise.kept`, to translate by.
 */
type: string, 
/**
 * What happened, in English; carries no text of the conversation and no contact detail.
 */
summary: string, 
/**
 * Sentences that the claim gate kept back, with the reason, such as `price`.
 */
withheld?: Array<WithheldSentence>, };

/**
 * What the assistant wanted to say, and did not.
 */
export type WithheldSentence = { reason: string, 
/**
 * Its beginning.
 */
text: string, };

/**
 * One sending, and what became of it.
 */
export type DeliveryView = { delivery_id: string, 
/**
 * `answer` or `alert`.
 */
kind: string, 
/**
 * `pending`, `handing_over`, `accepted`, `failed`, `uncertain` or `refused`.
 */
status: string, attempts: number, 
/**
 * The provider's code.
 */
code?: string, at: string, };

/**
 * What the person should know who takes a conversation over. Texts are the beginnings of messages.
 */
export type HandoffNote = { 
/**
 * What the customer wrote since a person last answered, oldest first.
 */
asked: Array<string>, 
/**
 * What the assistant has told them since, oldest first.
 */
promised: Array<string>, 
/**
 * What is kept for them, such as a time.
 */
held: Array<string>, 
/**
 * What nobody knows yet.
 */
missing: Array<Missing>, };

/**
 * Something that is not known of a customer.
 */
export type Missing = "name" | "contact" | "vehicle";

export type Rating = "good" | "bad";

/**
 * What a member thinks of a message of the assistant.
 */
export type PutRating = { rating: Rating, 
/**
 * Why, 500 characters at most.
 */
reason?: string, };

/**
 * A rating as it stands.
 */
export type MessageRating = { message_id: string, 
/**
 * Whose it is.
 */
member_id: string, rating: Rating, reason?: string, 
/**
 * When it became what it is.
 */
at: string, };

/**
 * The replies of one prompt and model, and what became of their conversations.
 */
export type ReplyFigures = { 
/**
 * Prompt or template with its version.
 */
prompt: string, model: string, replies: number, 
/**
 * Ratings of these replies, whenever they were given.
 */
good: number, bad: number, 
/**
 * Conversations with such a reply; each is counted in one of the next four.
 */
conversations: number, 
/**
 * Something was booked, and was not cancelled.
 */
booked: number, 
/**
 * Nothing was booked, and a person was needed or took it over.
 */
handed_over: number, 
/**
 * Neither, and it goes on.
 */
open: number, 
/**
 * Neither, and it is over.
 */
closed: number, };

/**
 * Replies within a time, by prompt and model, the most replies first.
 */
export type ReplyReport = { from: string, 
/**
 * Not itself included.
 */
to: string, 
/**
 * 200 at most.
 */
rows: Array<ReplyFigures>, };

export type LeadDetail = { lead: Lead, 
/**
 * Oldest first, the newest 200.
 */
messages: Array<Message>, 
/**
 * Oldest first, the newest 500.
 */
events: Array<TimelineEntry>, deliveries: Array<DeliveryView>, 
/**
 * What members think of the assistant's messages, oldest first.
 */
ratings: Array<MessageRating>, 
/**
 * Files that came with the customer's messages, in the order in which they were announced.
 */
attachments: Array<AttachmentView>, 
/**
 * What the person should know who takes the conversation over; while one is needed.
 */
handoff_note?: HandoffNote, };

/**
 * Which dead letters: `failed` or `uncertain`.
 */
export type DeadStatus = "failed" | "uncertain";

/**
 * One delivery in a list.
 */
export type DeliveryEntry = { delivery_id: string, session_id: string, kind: DeliveryKind, 
/**
 * Why people are alerted.
 */
reason?: HumanReason, status: DeliveryStatus, 
/**
 * Tries that have ended.
 */
attempts: number, 
/**
 * When the next try is due, of what waits.
 */
next_at?: string, 
/**
 * The end of the promise that it was to keep.
 */
deadline?: string, held?: Held, 
/**
 * The provider's last code.
 */
code?: string, 
/**
 * The dead letter that it sends once more.
 */
replay_of?: string, 
/**
 * The newest delivery that sends it once more.
 */
replayed_by?: string, replay: ReplayChoice, created_at: string, updated_at: string, };

/**
 * What a letter is.
 */
export type DeliveryKind = "answer" | "alert";

/**
 * A page of deliveries, newest first.
 */
export type DeliveryList = { deliveries: Array<DeliveryEntry>, 
/**
 * Give it as `cursor` for the next page; none when this was the last.
 */
next?: string, };

/**
 * The delivery that sends it once more.
 */
export type DeliveryReplayed = { delivery_id: string, };

/**
 * Where a delivery stands.
 */
export type DeliveryStatus = "pending" | "handing_over" | "accepted" | "failed" | "uncertain" | "refused";

/**
 * One thing that happened to a delivery.
 */
export type DeliveryStep = { at: string, 
/**
 * `queued`, `retried`, `accepted`, `failed`, `uncertain`, `refused` or `replayed`.
 */
what: string, 
/**
 * The number of the try that ended.
 */
attempt?: number, 
/**
 * The provider's code.
 */
code?: string, 
/**
 * When the next try was due then.
 */
next_at?: string, 
/**
 * The member who had it sent once more.
 */
by?: string, 
/**
 * The delivery that is spoken of, where it is not this one.
 */
other?: string, };

/**
 * A delivery with its history.
 */
export type DeliveryStory = { delivery: DeliveryEntry, 
/**
 * Whom it goes to.
 */
to: string, waits?: Waits, 
/**
 * Oldest first.
 */
history: Array<DeliveryStep>, };

/**
 * A node that works on it, and until when the others leave it alone.
 */
export type Held = { node_id: string, until: string, };

/**
 * A provider as this node sees it, with the tenant's own figures.
 */
export type ProviderEntry = { name: string, state: ProviderState, 
/**
 * Failures in a row.
 */
failures: number, open_until?: string, 
/**
 * Letters of the tenant that it took in the last minute.
 */
sent_last_minute: number, 
/**
 * Letters of the tenant that wait in this node's memory.
 */
waiting: number, };

/**
 * The providers that letters leave through.
 */
export type ProviderList = { providers: Array<ProviderEntry>, };

/**
 * Whether letters leave through a provider.
 */
export type ProviderState = "closed" | "half_open" | "open";

/**
 * Whether a person may have a letter sent once more, as its row tells; the conversation may still refuse.
 */
export type ReplayChoice = "no" | "allowed" | "needs_confirmation";

/**
 * Has many dead letters sent once more: those of `ids`, or those of a status and time.
 */
export type ReplayDeliveries = { 
/**
 * The caller's own id of the wish, 1 to 100 printable characters: the same id sends nothing twice.
 */
client_id: string, 
/**
 * 1 to 500. Without them `status` says which.
 */
ids?: string[], status?: DeadStatus, 
/**
 * Queued at this time or later.
 */
since?: string, 
/**
 * Queued before this time.
 */
until?: string, even_if_sent: boolean, 
/**
 * Only says what would be done.
 */
dry_run: boolean, };

/**
 * Has one dead letter sent once more.
 */
export type ReplayDelivery = { 
/**
 * It may have left, and arrive twice: the person takes that upon themselves.
 */
even_if_sent: boolean, 
/**
 * The caller's own id of the wish, 1 to 100 printable characters: the same id gives the same answer.
 */
client_id?: string, };

/**
 * What became of one letter of many.
 */
export type ReplayOutcome = "replayed" | "on_its_way" | "over" | "may_have_left" | "superseded" | "closed" | "not_found" | "busy";

/**
 * What became of them all.
 */
export type ReplayReport = { dry_run: boolean, 
/**
 * How many were looked at.
 */
matched: number, 
/**
 * How many are, or would be, sent once more.
 */
replayed: number, 
/**
 * More are left than one call takes: ask again.
 */
more: boolean, 
/**
 * Oldest first; a dry run shows the first 50.
 */
results: Array<ReplayResult>, };

/**
 * One letter of many.
 */
export type ReplayResult = { delivery_id: string, outcome: ReplayOutcome, 
/**
 * What sends it once more.
 */
new_delivery_id?: string, };

/**
 * One timer. Each conversation has at most one of a kind; it tells how it stands, or how it ended last.
 */
export type TimerEntry = { session_id: string, kind: TimerName, status: TimerStatus, due_at: string, set_at: string, 
/**
 * How often it was moved since it was set.
 */
moved: number, moved_at?: string, 
/**
 * How often it has fired in this conversation.
 */
fired: number, fired_at?: string, fired_by?: string, held?: Held, ended_at?: string, 
/**
 * What set, moved or ended it last, such as `message_posted`.
 */
reason?: string, 
/**
 * Whether a person may end it: not while a customer waits for what it does.
 */
cancellable: boolean, };

/**
 * A page of timers.
 */
export type TimerList = { timers: Array<TimerEntry>, 
/**
 * Give it as `cursor` for the next page; none when this was the last.
 */
next?: string, };

/**
 * What a timer does.
 */
export type TimerName = "promise" | "handoff" | "turn" | "gather" | "resume" | "give_back" | "reroute" | "idle" | "callback";

/**
 * Where a timer stands.
 */
export type TimerStatus = "pending" | "fired" | "cancelled";

/**
 * Why a delivery has not left yet.
 */
export type Waits = { "why": "next_try", at: string, } | { "why": "held", node_id: string, until: string, } | { "why": "provider_open", until: string, } | { "why": "provider_probed" } | { "why": "due" };

export type Topic = "leads" | "messages" | "presence" | "members" | "bookings";

/**
 * Narrows the events of a socket; what is named together must all hold.
 */
export type Only = { 
/**
 * At most 100 conversations.
 */
session_ids?: string[], 
/**
 * A member's own conversations.
 */
assignee?: string, };

export type HelloFrame = { 
/**
 * At most 64 characters; the welcome carries it.
 */
ref: string, 
/**
 * The cursor of the last event seen, `<epoch>-<seq>`; null to begin with now.
 */
after: string | null, 
/**
 * What to tell; empty means everything.
 */
topics: Array<Topic>, 
/**
 * Only events of these; absent means all.
 */
only?: Only, };

export type PingFrame = { ref: string, };

/**
 * A frame about one conversation.
 */
export type SessionFrame = { ref: string, session_id: string, };

export type ViewFrame = { ref: string, 
/**
 * Null when no conversation is on the screen any more.
 */
session_id: string | null, };

/**
 * Holds for six seconds; repeat it while it is so.
 */
export type TypingFrame = { ref: string, session_id: string, on: boolean, };

/**
 * Compare-and-save: refused with `conflict` when the draft is not at `revision` any more.
 */
export type SaveDraftFrame = { ref: string, session_id: string, 
/**
 * At most 5,000 characters; empty throws the draft away.
 */
text: string, 
/**
 * The revision that was changed, 0 when there was none.
 */
revision: number, };

/**
 * Compare-and-send: refused with `conflict` when somebody else has answered after `seen_seq`.
 */
export type SendFrame = { ref: string, session_id: string, 
/**
 * 1 to 5,000 characters.
 */
text: string, 
/**
 * Makes a repeat harmless: the same id is answered with the first result.
 */
client_id: string, 
/**
 * The newest message that was on the screen; absent sends in any case.
 */
seen_seq?: number, };

export type SeenFrame = { ref: string, session_id: string, seq: number, };

export type AssignFrame = { ref: string, session_id: string, 
/**
 * Null takes it from whoever has it.
 */
member_id: string | null, };

/**
 * Whether a member takes conversations.
 */
export type Availability = "online" | "busy" | "away";

export type AvailabilityFrame = { ref: string, availability: Availability, };

/**
 * Opens one live socket, for clients without cookies: offered as a second subprotocol, `ticket.<ticket>`.
 */
export type LiveTicket = { ticket: string, 
/**
 * Good until then, and once.
 */
expires_at: string, };

/**
 * What a client sends. Each frame has a `ref` of at most 64 characters, which its reply carries.
 */
export type ClientFrame = { "type": "hello" } & HelloFrame | { "type": "ping" } & PingFrame | { "type": "view" } & ViewFrame | { "type": "typing" } & TypingFrame | { "type": "draft" } & SaveDraftFrame | { "type": "send" } & SendFrame | { "type": "seen" } & SeenFrame | { "type": "take_over" } & SessionFrame | { "type": "give_back" } & SessionFrame | { "type": "assign" } & AssignFrame | { "type": "close" } & SessionFrame | { "type": "availability" } & AvailabilityFrame;

export type Viewer = { member_id: string, name: string, typing: boolean, };

/**
 * What the assistant does at a conversation.
 */
export type AssistantState = "idle" | "composing";

/**
 * Who is at a conversation; replaces what was told of it before.
 */
export type PresenceFrame = { session_id: string, 
/**
 * Members that have it on the screen, in the order in which they came; at most 50.
 */
viewers: Array<Viewer>, 
/**
 * Whether a page of the customer's is open on it.
 */
customer_online: boolean, customer_typing: boolean, assistant: AssistantState, };

/**
 * Whether a member is there; with topic `members`.
 */
export type MemberFrame = { member_id: string, name: string, availability: Availability, };

/**
 * A piece of the assistant's running answer, to sockets that view the conversation.
 */
export type TokensFrame = { session_id: string, draft_id: string, 
/**
 * Characters before `text`; 0 begins anew.
 */
offset: number, text: string, };

/**
 * A step of a running answer.
 */
export type Step = "looking" | "thinking" | "mending" | "tool";

/**
 * What the assistant does before its next words.
 */
export type ProgressFrame = { session_id: string, draft_id: string, step: Step, 
/**
 * With `tool`, which one.
 */
tool?: string, };

/**
 * The running answer was thrown away.
 */
export type DraftDiscardedFrame = { session_id: string, draft_id: string, };

/**
 * The draft of a reply that the members of a tenant share: it belongs to the conversation, not to who wrote it.
 */
export type DraftFrame = { session_id: string, 
/**
 * Rises with every change; 0 when there is no draft.
 */
revision: number, text: string, 
/**
 * Who changed it last.
 */
member_id?: string, at?: string, };

/**
 * What a member thinks of a message of the assistant's from now on; without a rating they took it back.
 */
export type RatingFrame = { session_id: string, message_id: string, member_id: string, rating?: Rating, reason?: string, at: string, };

/**
 * The answer to hello. When `resumed`, every event after the given cursor follows, up to `seq` and on.
 */
export type WelcomeFrame = { ref: string, epoch: number, 
/**
 * Where the log stands.
 */
seq: number, resumed: boolean, };

/**
 * Events are missing: read the snapshot. Live events after `seq` follow.
 */
export type GapFrame = { snapshot_url: string, epoch: number, seq: number, };

export type ReplyFrame = { ref: string, ok: boolean, problem?: Problem, 
/**
 * With `send`: the message is stored.
 */
accepted?: MessageAccepted, 
/**
 * With the problem `conflict` of a `send`: what was written meanwhile, oldest first.
 */
newer?: Array<Message>, 
/**
 * With `draft`, and with its problem `conflict`: the draft as it stands.
 */
draft?: DraftFrame, };

export type LeadEventName = "lead.captured" | "lead.repeated" | "lead.changed" | "messages.seen" | "message.posted";

/**
 * Who has seen a conversation, and how far.
 */
export type Seen = { 
/**
 * Absent: the customer.
 */
member_id?: string, 
/**
 * The newest message that was on the screen.
 */
seq: number, };

/**
 * A fact of the tenant's log. `lead` is the whole row, with the first event about it and where only a read could
 * tell what changed; else `changes` names what this event changed of it.
 */
export type EventFrame = { 
/**
 * Its place in the tenant's log.
 */
seq: number, event: LeadEventName, at: string, session_id: string, lead?: Lead, changes?: LeadChanges, 
/**
 * With `message.posted`.
 */
message?: Message, 
/**
 * With `messages.seen`.
 */
seen?: Seen, };

/**
 * Every 15 seconds. Everything up to `seq` has been told, or is not of the topics.
 */
export type BeatFrame = { seq: number, };

/**
 * A step of a booking: a fact of the tenant's log as [`EventFrame`] is. Whose booking it is only `GET
 * /v1/bookings/{booking}` says.
 */
export type BookingFrame = { 
/**
 * Its place in the tenant's log.
 */
seq: number, event: BookingEventName, at: string, booking: BookingNow, };

/**
 * What the server sends.
 */
export type ServerFrame = { "type": "welcome" } & WelcomeFrame | { "type": "gap" } & GapFrame | { "type": "reply" } & ReplyFrame | { "type": "event" } & EventFrame | { "type": "booking" } & BookingFrame | { "type": "presence" } & PresenceFrame | { "type": "member" } & MemberFrame | { "type": "tokens" } & TokensFrame | { "type": "progress" } & ProgressFrame | { "type": "draft_discarded" } & DraftDiscardedFrame | { "type": "draft" } & DraftFrame | { "type": "rating" } & RatingFrame | { "type": "beat" } & BeatFrame;

/**
 * What an endpoint can hear of.
 */
export type WebhookTopic = "lead.captured" | "lead.repeated" | "lead.changed" | "lead.assigned" | "message.posted" | "messages.seen" | "session.opened" | "session.taken_over" | "session.released" | "session.closed" | "handoff.requested" | "promise.kept" | "promise.broken" | "delivery.failed" | "booking.held" | "booking.booked" | "booking.rescheduled" | "booking.cancelled" | "booking.no_show" | "booking.expired" | "webhook.test";

/**
 * What happened. Which fields are there depends on the type.
 */
export type WebhookData = { 
/**
 * Its place in your log: rises with every event, and with gaps for what you do not hear of.
 */
seq?: number, session_id?: string, 
/**
 * The conversation's lead as it stood when the call was made; compare `updated_at`.
 */
lead?: Lead, 
/**
 * With `message.posted`.
 */
message?: Message, 
/**
 * With `messages.seen`: by whom, and how far.
 */
seen?: Seen, 
/**
 * With `session.taken_over`, `session.released` and a member's message; with `lead.assigned` unless the
 * lead is nobody's from now on.
 */
member_id?: string, member_name?: string, 
/**
 * With `handoff.requested`.
 */
reason?: HumanReason, 
/**
 * With `lead.changed`: the fact behind it, such as `promise_made`.
 */
cause?: string, 
/**
 * With `promise.kept` and `promise.broken`.
 */
answered_after_ms?: number, 
/**
 * With `promise.kept`.
 */
answered_by?: Answerer, 
/**
 * With `delivery.failed`.
 */
delivery_id?: string, 
/**
 * With `delivery.failed`: the provider's code.
 */
code?: string, 
/**
 * With `booking.*`: where it stands after the step.
 */
booking?: BookingNow, 
/**
 * With `booking.*`: whose it is, as it was known when the call was made.
 */
customer?: BookingCustomer, 
/**
 * With `webhook.test`.
 */
endpoint_id?: string, };

/**
 * The body of a call. Fields may be added; pass over what you do not know.
 */
export type WebhookEvent = { type: WebhookTopic, 
/**
 * When it happened.
 */
timestamp: string, data: WebhookData, };

/**
 * An endpoint to be made, or what it is to be from now on.
 */
export type WebhookSettings = { 
/**
 * `https`, on the open internet.
 */
url: string, 
/**
 * At most 200 characters.
 */
description?: string, 
/**
 * Empty: all of them.
 */
topics?: Array<WebhookTopic>, };

export type WebhookPauseReason = "member" | "gone" | "failing";

export type WebhookPaused = { why: WebhookPauseReason, since: string, };

/**
 * How the mail stands that tells of a pause.
 */
export type WebhookNotice = "due" | "begun" | "sent" | "failed";

/**
 * An endpoint.
 */
export type WebhookEndpoint = { endpoint_id: string, url: string, description?: string, 
/**
 * Empty: all of them.
 */
topics: Array<WebhookTopic>, 
/**
 * Absent while it is active.
 */
paused?: WebhookPaused, notice?: WebhookNotice, 
/**
 * Since when there was nothing but failures.
 */
failing_since?: string, 
/**
 * When it took a call last.
 */
accepted_at?: string, 
/**
 * Until when the secret of before the last rotation signs too.
 */
old_secret_until?: string, 
/**
 * Calls that wait to be taken.
 */
pending: number, 
/**
 * Events that have not been looked at yet.
 */
behind: number, created_at: string, updated_at: string, };

export type WebhookEndpoints = { 
/**
 * Oldest first.
 */
endpoints: Array<WebhookEndpoint>, };

/**
 * An endpoint with its secret, which is shown this one time.
 */
export type WebhookWithSecret = { endpoint: WebhookEndpoint, 
/**
 * `whsec_` and the key in base64.
 */
secret: string, };

export type ResumeWebhook = { 
/**
 * Leaves out what has waited; else it goes on where it stopped.
 */
skip?: boolean, };

export type WebhookCallStatus = "pending" | "accepted" | "failed" | "skipped";

/**
 * One event for one endpoint.
 */
export type WebhookCall = { 
/**
 * Its place among the endpoint's calls, from 1.
 */
number: number, topic: WebhookTopic, 
/**
 * The `webhook-id`: the same at every try and replay.
 */
event_id: string, session_id?: string, status: WebhookCallStatus, 
/**
 * Tries that have ended.
 */
tries: number, 
/**
 * When the next try is due, of what is pending.
 */
next_at?: string, 
/**
 * What the last try came to: a status, or a code such as `timeout`.
 */
last?: string, created_at: string, updated_at: string, };

export type WebhookCalls = { 
/**
 * Newest first.
 */
calls: Array<WebhookCall>, 
/**
 * The `before` of the next page, when there may be one.
 */
next?: number, };

/**
 * One try.
 */
export type WebhookTry = { 
/**
 * From 1.
 */
number: number, at: string, took_ms: number, status?: number, 
/**
 * Why there was no status: `timeout`, `connect`, `tls`, `dns`, `refused_address`, `cut`.
 */
code?: string, 
/**
 * The first bytes of the answer, 1,024 at most.
 */
beginning: string, };

/**
 * A call with its body and its newest hundred tries, oldest first.
 */
export type WebhookCallStory = { call: WebhookCall, 
/**
 * As it is signed and sent.
 */
body: string, tries: Array<WebhookTry>, };

export type WebhookQueued = { 
/**
 * The call's number.
 */
number: number, };

/**
 * Which calls to send once more: those of `numbers`, or those of a status and a time.
 */
export type ReplayWebhooks = { 
/**
 * At most 1,000.
 */
numbers?: number[], 
/**
 * `failed` when it is not given.
 */
status?: WebhookCallStatus, 
/**
 * Made at this time or later: RFC 3339, or a day in the tenant's zone.
 */
since?: string, 
/**
 * Made before this time.
 */
until?: string, };

export type WebhooksReplayed = { count: number, 
/**
 * There may be more of them: ask again.
 */
more: boolean, };

/**
 * Whose calendar it is.
 */
export type CalendarProvider = "cal_com" | "cal_dav" | "google" | "microsoft";

/**
 * How a connection is.
 */
export type CalendarState = "choosing" | "working" | "failing" | "refused";

/**
 * What opens a calendar: with `cal_com` a key, with `cal_dav` an address, a user and a password. Never
 * answered again.
 */
export type ConnectCalendar = { provider: CalendarProvider, 
/**
 * Of Cal.com: `cal_live_…`.
 */
key?: string, 
/**
 * Of the CalDAV server: its address, or the calendar's own.
 */
url?: string, user?: string, password?: string, };

/**
 * A connected calendar.
 */
export type CalendarView = { calendar_id: string, provider: CalendarProvider, 
/**
 * The host of the tenant's own server.
 */
server?: string, 
/**
 * Which calendar, in the provider's words; empty until one was chosen.
 */
calendar: string, name: string, 
/**
 * What it closes, and whose bookings it shows.
 */
resource_id?: string, state: CalendarState, 
/**
 * Why the last call failed: `auth`, `not_found`, `rate_limited`, `conflict`, `unavailable`, `protocol`,
 * `not_configured`.
 */
last_error?: string, failing_since?: string, 
/**
 * When its busy times were read last.
 */
read_at?: string, 
/**
 * Times to come that it closes.
 */
busy: number, 
/**
 * Bookings that are still to be written into it, or taken out.
 */
pending: number, 
/**
 * Bookings that it refused.
 */
failed: number, created_at: string, };

/**
 * The tenant's calendars, oldest first.
 */
export type CalendarList = { calendars: Array<CalendarView>, 
/**
 * What can be connected here.
 */
providers: Array<CalendarProvider>, };

/**
 * A calendar that may be chosen.
 */
export type CalendarChoice = { calendar: string, name: string, writable: boolean, };

/**
 * A connection, asked just now.
 */
export type CalendarChecked = { calendar: CalendarView, choices: Array<CalendarChoice>, 
/**
 * Where Cal.com tells us of changes.
 */
hook_url?: string, 
/**
 * With which secret it signs them. Answered when it is connected, and never again.
 */
hook_secret?: string, };

/**
 * Which calendar is which resource's.
 */
export type ChooseCalendar = { calendar: string, resource_id: string, };

/**
 * Whose consent page is asked for.
 */
export type AskConsent = { provider: CalendarProvider, };

/**
 * Where a person lets us into their calendar.
 */
export type ConsentPage = { url: string, };
