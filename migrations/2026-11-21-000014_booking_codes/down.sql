ALTER TABLE bookings DROP COLUMN customer_email, DROP COLUMN customer_phone;
DELETE FROM booking_letters WHERE kind = 'code';
ALTER TABLE booking_letters DROP CONSTRAINT booking_letters_kind_check;
ALTER TABLE booking_letters ADD CONSTRAINT booking_letters_kind_check CHECK (kind IN
    ('confirmation', 'change', 'cancellation', 'reminder_24h', 'reminder_2h'));
COMMENT ON COLUMN booking_letters.sequence IS NULL;
DROP TABLE booking_codes;
