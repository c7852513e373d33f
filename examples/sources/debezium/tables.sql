-- A small core: who owns an account, what is on it, and what was booked.
CREATE TABLE accounts (
    account_no text PRIMARY KEY,
    owner      text NOT NULL,
    product    text NOT NULL,
    balance    numeric(18, 2) NOT NULL,
    currency   char(3) NOT NULL,
    changed_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE TABLE bookings (
    booking_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account_no text NOT NULL REFERENCES accounts,
    owner      text NOT NULL,
    kind       text NOT NULL,
    amount     numeric(18, 2) NOT NULL,
    currency   char(3) NOT NULL,
    booked_at  timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- Without this a deleted row tells its primary key alone: whose the account was could not be said.
ALTER TABLE accounts REPLICA IDENTITY FULL;

INSERT INTO accounts (account_no, owner, product, balance, currency) VALUES
    ('A-1', 'C001', 'current', 120000, 'TWD'),
    ('A-2', 'C002', 'term', 800000, 'TWD'),
    ('A-3', 'C003', 'current', 6000000, 'TWD');
