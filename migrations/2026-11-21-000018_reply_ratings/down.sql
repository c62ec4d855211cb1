DROP INDEX messages_replies_idx;
DROP TABLE reply_ratings;
