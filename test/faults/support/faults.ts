/**
 * The faults of `docs/reliability.md`, in its order, and what is done in each. Every one has a test that calls `fault()` with its
 * name, and a result in `test/faults/results`, which a full run of that test writes.
 */
export const FAULTS = {
  'server-killed': 'The server is killed (`kill -9`) while people register',
  'rolling-restart': 'Two servers behind nginx are restarted in turn, at 200 requests a second',
  'worker-killed': 'A worker of `--workers 2` is killed (`kill -9`), at 100 requests a second',
  'primary-lost': 'The primary and its Patroni are killed (`kill -9`), and its standby takes over',
  'primary-moved': 'The primary is moved to the other node (`patronictl switchover`)',
  'etcd-lost': 'etcd is away, and Patroni takes no writes until it is back',
  'pooler-restarted': 'PgBouncer is restarted',
  'server-ended': 'The server is told to end (SIGTERM) under load, and started again',
  'two-first-starts': 'Two servers make their first start at the same moment, on an empty database',
  'two-restarts':
    'Two servers are killed (`kill -9`) at the same moment under load, and started again at the same moment',
  'database-stopped': 'PostgreSQL is stopped without warning for three seconds, and started',
  'database-restarted': 'PostgreSQL is restarted',
  'database-read-only': 'PostgreSQL takes no writes for a second',
  'disk-full': 'The disk of PostgreSQL is full (a small tmpfs) for three seconds',
  'pool-of-one': 'All servers share one connection to PostgreSQL (PgBouncer) under load',
  'clocks-apart': 'The clock of one server is five minutes ahead of PostgreSQL’s, that of another five minutes behind',
  'keys-rotated': 'The signing key is rotated under load, and `SECRET_KEY` at the end',
  'mail-server-bad':
    'The mail server refuses connections, hangs, greylists, drops the connection after the mail, speaks no TLS, or has a bad certificate',
  'brokers-cut-off':
    'The network between Roster and its brokers (Kafka, RabbitMQ) drops everything without a word for twenty seconds or more',
  'slow-clients': 'Clients send their headers or bodies a byte at a time',
  overload: 'Registrations arrive ten times as fast as their passwords can be hashed',
  'backup-restored': 'The database is replaced by a backup',
} as const;

export type FaultName = keyof typeof FAULTS;
