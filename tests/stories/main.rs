//! Stories: what a user would tell of Forecourt, told against the real binary. One story per file.

#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

mod a_bad_request_is_told_what_is_wrong;
mod a_chat_is_streamed_and_survives_a_reload;
mod a_crash_loses_and_doubles_nothing;
mod a_dealer_sees_only_their_own;
mod a_lead_is_answered_by_mail;
mod a_model_that_fails_is_covered;
mod a_node_dies_or_sleeps;
mod a_rolling_restart_is_not_noticed;
mod a_sellers_calendar_and_the_bookings_agree;
mod a_tenants_own_tool_is_called_in_a_chat;
mod an_integrator_hears_of_everything_once_and_in_order;
mod an_owner_keeps_the_stock_in_the_dashboard;
mod bookings_are_handled_in_a_browser;
mod broken_lines_lose_nothing;
mod hostile_clients_harm_only_themselves;
mod one_command_and_it_runs;
mod one_command_and_two_nodes_run;
mod operators_see_the_way_of_a_fact_and_nobody_on_it;
mod owners_set_and_read_in_the_dashboard;
mod redis_comes_and_goes;
mod rivals_at_two_nodes_book_each_place_once;
mod several_nodes_share_a_database;
mod slow_listeners_are_cut_and_come_back;
mod the_containers_are_as_the_engine_is;
mod the_life_of_a_booking_is_told;
mod the_pages_work_in_a_browser;
mod two_nodes_are_one_engine;
mod two_sellers_and_the_assistant_share_an_inbox;
mod what_an_owner_writes_is_said_at_once;
mod what_is_sold_is_not_offered;
mod what_it_means_is_found_too;
mod who_waits_is_offered_what_becomes_free;
mod why_did_it_say_that;
