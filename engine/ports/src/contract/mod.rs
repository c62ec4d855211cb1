//! What every store must keep, as tests that run against the fake and against Postgres.
//!
//! Lives here: the suite (feature `testing`). An adapter implements [`Ground`] and calls
//! [`store_contract!`](crate::store_contract) in its own tests; each test gets a ground of its own.
//! The appends come from the real core, so that what is stored is what the engine stores.

mod attachments;
mod bookings;
pub mod calendars;
mod deliveries;
mod inventory;
mod journal;
mod knowledge;
mod leads;
mod operations;
mod people;
mod replies;
mod spending;
mod stage;
mod tenants;
mod timers;
mod tools;
mod webhooks;

use std::sync::Arc;

use async_trait::async_trait;
use forecourt_core::id::NodeId;

pub use self::{
    attachments::*, bookings::*, deliveries::*, inventory::*, journal::*, knowledge::*, leads::*,
    operations::*, people::*, replies::*, spending::*, stage::*, tenants::*, timers::*, tools::*,
    webhooks::*,
};
use crate::store::{NewTenant, Store};

/// An empty store with two nodes at it.
#[async_trait]
pub trait Ground: Send + Sync {
    /// The store as node number `n` (1 or 2) sees it, and that node's id.
    fn node(&self, n: u8) -> (NodeId, Arc<dyn Store>);

    async fn add_tenant(&self, new: NewTenant);
}

/// Makes one `#[tokio::test]` of every test of the suite; `$ground` is an async function that makes
/// an empty [`Ground`].
#[macro_export]
macro_rules! store_contract {
    ($ground:path) => {
        $crate::store_contract!(@each $ground:
            // journal
            of_two_writers_from_the_same_version_one_wins
            a_batch_keeps_the_others_when_one_conflicts
            a_batch_may_hold_several_decisions_of_one_session
            sequence_numbers_rise_without_gaps_per_tenant
            many_writers_at_once_lose_nothing_and_double_nothing
            a_replayed_journal_gives_the_stored_state
            decisions_are_read_back_with_what_led_to_them
            a_session_wakes_with_its_newest_messages
            events_and_messages_are_read_page_by_page
            a_second_new_contact_with_the_same_mail_is_taken
            a_contact_or_lead_that_is_known_already_is_not_captured_as_new
            what_can_never_be_stored_does_not_harm_the_others
            an_empty_batch_changes_nothing
            nothing_is_seen_of_another_tenant
            // leads
            a_person_is_known_by_mail_whatever_its_case_and_by_phone
            persons_that_are_looked_up_together_are_told_apart
            the_newest_lead_of_a_contact_counts_until_it_is_closed
            the_list_shows_the_newest_first_page_by_page
            a_search_knows_no_case_and_takes_wildcards_as_letters
            the_list_is_narrowed_by_status_source_and_time
            a_lead_is_contacted_once_the_provider_has_accepted_the_answer
            a_lead_from_the_widget_is_contacted_once_the_answer_stands_on_the_stream
            an_accepted_alert_does_not_make_a_lead_contacted
            a_broken_promise_and_the_need_for_a_person_stand_on_the_lead
            a_person_who_comes_again_is_counted_on_the_same_lead
            the_detail_of_a_lead_tells_its_whole_story
            the_rows_of_sessions_leave_out_those_without_a_lead
            what_a_customer_tells_of_themselves_stands_on_their_lead_and_the_rest_stays
            a_lead_becomes_the_contacts_whose_address_its_customer_tells
            two_who_tell_the_same_new_address_at_once_are_one_contact
            // timers
            a_timer_is_claimed_by_one_node_until_its_lease_ends
            a_moved_timer_is_due_at_its_new_time
            an_ended_timer_is_never_due
            the_oldest_timers_of_all_tenants_are_claimed_first
            a_look_without_a_lease_claims_nothing
            of_two_nodes_that_claim_at_once_each_timer_goes_to_one
            what_is_undone_is_counted
            // deliveries
            a_queued_delivery_belongs_to_its_own_node_at_first
            a_claimed_delivery_carries_all_that_the_letter_needs
            what_a_member_wrote_is_told_from_what_the_assistant_wrote
            an_older_fence_is_refused_at_the_handover
            a_handover_is_recorded_for_one_node_and_one_try
            letters_that_leave_together_each_leave_by_their_own_right
            a_lost_handover_is_claimed_as_lost_and_never_tried_again
            a_retried_delivery_is_due_at_its_time_as_the_next_try
            an_ended_delivery_is_never_claimed
            a_node_that_stops_gives_back_what_it_has_not_begun
            forgotten_leases_are_free_at_once
            // what people see and handle
            a_dead_letter_is_replayed_and_both_rows_say_so
            one_meaning_is_stored_once_whatever_a_bug_decides
            deliveries_are_listed_newest_first_and_narrowed
            a_delivery_tells_its_history_from_the_journal
            a_late_node_may_not_hand_over_what_another_has_taken
            a_postponed_try_keeps_its_place_and_counts_for_nothing
            what_is_stuck_or_dead_is_counted_until_somebody_looks_after_it
            a_timer_tells_what_it_waits_for_and_how_it_ended
            reminders_that_a_person_stopped_say_why_they_ended
            timers_are_listed_in_the_order_in_which_they_fire
            // what people share
            a_draft_is_saved_over_what_was_read_and_over_nothing_else
            a_draft_ends_with_a_members_message_and_with_nobody_elses
            a_draft_belongs_to_a_conversation_of_its_own_tenant
            of_two_who_save_a_draft_at_once_one_is_told_of_the_other
            whose_conversations_are_is_listed_and_counted_until_they_are_closed
            of_two_customers_one_has_the_member_at_a_time_until_the_call_is_over
            who_has_waited_longer_for_a_person_stands_before
            // files of customers
            a_file_is_kept_once_and_other_bytes_under_its_id_are_refused
            a_file_belongs_to_its_conversation_and_is_forgotten_for_good
            // what people think of replies
            a_reply_is_rated_once_by_each_member_until_they_change_or_take_it_back
            only_the_assistants_messages_of_the_own_tenant_are_rated
            replies_are_counted_by_prompt_and_model_with_what_became_of_their_conversations
            // what models took
            what_models_took_is_added_up_by_day_and_month
            of_answers_that_end_at_once_none_is_lost
            // appointments
            what_can_be_booked_is_read_back_as_it_was_put
            a_booking_is_read_back_with_all_that_happened
            of_two_steps_from_one_version_one_wins
            a_decision_from_an_older_ledger_is_behind
            a_unit_is_never_taken_twice_whatever_a_bug_decides
            the_same_wish_is_the_same_booking
            a_hold_that_is_over_is_in_nobody_s_way
            a_moved_booking_keeps_its_id_and_frees_its_old_place
            of_many_rivals_for_one_place_one_gets_it
            what_was_booked_before_has_its_places
            letters_are_sent_once_and_die_with_what_they_speak_of
            a_code_is_good_once_for_few_tries_and_minutes
            steps_of_bookings_are_told_of_once_and_in_order
            bookings_are_found_by_whom_they_are_for
            who_waits_is_listed_in_the_order_of_coming
            // what people wrote down
            an_entry_is_said_as_soon_as_it_is_stored_and_no_longer_once_it_is_deleted
            of_two_who_change_an_entry_the_second_is_told_of_the_first
            a_question_finds_what_is_about_it_in_its_language_and_nearly_right_words_do_too
            what_an_answer_stood_on_is_kept_as_it_read_then
            a_question_without_an_answer_is_counted_until_it_is_settled
            a_website_is_read_by_one_node_and_what_did_not_change_keeps_its_id
            settings_are_changed_over_what_was_read_and_over_nothing_else
            // stock
            a_vehicle_is_read_back_whole_and_known_at_once_without_what_is_private
            of_two_changes_from_one_version_one_wins_and_the_history_tells_who
            no_two_vehicles_in_stock_have_the_same_number
            a_list_of_vehicles_is_narrowed_ordered_and_paged_as_the_core_says
            a_file_is_imported_once_with_all_it_does_or_not_at_all
            pictures_belong_to_vehicles_of_their_own_tenant
            // tools of a tenant's own
            a_tool_is_offered_as_soon_as_it_is_stored_and_no_longer_once_it_is_deleted
            of_two_who_change_a_tool_the_second_is_told_of_the_first_and_versions_are_kept
            a_tools_name_is_its_own_and_a_tenant_has_so_many
            a_tools_headers_stay_until_others_are_given_and_go_with_it
            the_last_calls_of_a_tool_are_kept_and_no_more
            // tenants and members
            a_tenant_is_found_by_its_slug_and_read_back_as_it_was_made
            knowledge_is_read_back_as_it_was_made
            an_unsubscribed_customer_stays_so
            a_member_signs_in_by_mail_address_without_regard_to_case
            a_sign_in_session_ends_at_its_time_or_when_it_is_closed
        );
    };
    (@each $ground:path: $($test:ident)*) => {$(
        #[tokio::test]
        async fn $test() {
            let ground = $ground().await;
            $crate::contract::$test(&ground).await;
        }
    )*};
}
