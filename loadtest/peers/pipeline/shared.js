// What both processes share: connections, names, and statements that Postgres prepares once a connection.
import { Redis } from "ioredis";
import pg from "pg";

export const QUEUE = "answers";
export const channelOf = (tenant) => `tenant:${tenant}`;

export const database = (size) =>
  new pg.Pool({
    host: process.env.PG_HOST,
    port: Number(process.env.PG_PORT),
    user: "postgres",
    database: "postgres",
    max: size,
  });

// BullMQ's own connections must not give up on a command.
export const redis = (options = {}) =>
  new Redis({ path: process.env.REDIS_SOCKET, maxRetriesPerRequest: null, ...options });

export const SCHEMA = `
  create table if not exists contacts (
    id bigint generated always as identity primary key,
    tenant text not null, email text not null, name text not null,
    unique (tenant, email));
  create table if not exists leads (
    id uuid primary key, tenant text not null, contact bigint not null references contacts,
    status text not null default 'new', queued boolean not null default false,
    created_at timestamptz not null default now());
  create table if not exists messages (
    id bigint generated always as identity primary key,
    lead uuid not null references leads, author text not null, text text not null,
    delivery text, at timestamptz not null default now());
  create index if not exists messages_by_lead on messages (lead);
  create index if not exists leads_by_time on leads (tenant, created_at desc);
  create index if not exists leads_unqueued on leads (created_at) where status = 'new';`;

// One round trip and one commit a lead.
export const CAPTURE = {
  name: "capture",
  text: `with contact as (
      insert into contacts (tenant, email, name) values ($1, $2, $3)
      on conflict (tenant, email) do update set name = excluded.name returning id),
    lead as (
      insert into leads (id, tenant, contact) select $4, $1, id from contact returning id)
    insert into messages (lead, author, text) select id, 'customer', $5 from lead`,
};

export const ANSWER = {
  name: "answer",
  text: `with lead as (update leads set status = 'answered' where id = $1 and status = 'new' returning id)
    insert into messages (lead, author, text, delivery)
    select id, 'assistant', $2, 'sending' from lead returning id`,
};

export const DELIVERED = {
  name: "delivered",
  text: "update messages set delivery = 'accepted' where id = $1",
};

// What a crash between commit and queue left behind.
export const OWED = {
  name: "owed",
  text: `select l.id, l.tenant, c.name, c.email, m.text as message
    from leads l join contacts c on c.id = l.contact
    join messages m on m.lead = l.id and m.author = 'customer'
    where l.status = 'new' and l.created_at < now() - interval '30 seconds' limit 500`,
};
