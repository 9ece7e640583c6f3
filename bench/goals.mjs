// Rows P1 to P21 of docs/performance.md: what each promises, which case measures it, and what to compare it with.

/** @typedef {{ name: string, goal: number, better: 'more' | 'less', unit: string }} Figure */

const atLeast = (name, goal, unit = 'ratio') => ({ name, goal, better: 'more', unit });
const atMost = (name, goal, unit = 'ratio') => ({ name, goal, better: 'less', unit });

/**
 * `case`: the file of this folder that gives the row; figures that come from elsewhere name it themselves.
 * `peer`: which figure of the comparison (`bench/peers`) stands beside it, and which of two is the better one.
 */
export const ROWS = {
  P1: {
    what: 'Sign-ins a second while 100 clients try without end, over bare bcrypt on all cores beside the same reads',
    case: 'hash-pool',
    figures: { ratio: atLeast('over bare bcrypt', 0.9) },
  },
  P2: {
    what: '`GET /users/me` at a fixed rate while sign-ins saturate',
    case: 'hash-pool',
    figures: { p99: atMost('p99', 20, 'ms'), p50: atMost('p50 over idle', 2) },
    peer: { figure: 'readsBesideSignInsP99', better: 'less', unit: 'ms' },
  },
  P3: {
    what: 'Sign-ins arrive at five times what the cores can hash, from another process',
    case: 'overload',
    figures: { refused: atMost('a refusal, p99', 20, 'ms'), read: atMost('`GET /users/me`, p99', 20, 'ms') },
  },
  P4: {
    what: '`GET /users/me` over bare Fastify that serves the same bytes; requests a service CPU-second over the best peer’s',
    case: 'reads',
    figures: {
      fastify: atLeast('over bare Fastify', 0.35),
      peer: { ...atLeast('over the best peer', 5), from: 'peers' },
    },
    peer: { figure: 'mePerCpuSecond', better: 'more', unit: 'a CPU-second' },
  },
  P5: {
    what: '`GET /users/{id}` over bare Fastify with the same SELECT, named, pool of 4',
    case: 'reads',
    figures: { ratio: atLeast('over bare Fastify', 0.85) },
  },
  P6: {
    what: 'Refreshes for each CPU-second of the service, one commit each',
    case: 'refresh',
    figures: { perCpuSecond: atLeast('refreshes', 2500, 'a CPU-second') },
    peer: { figure: 'refreshesPerCpuSecond', better: 'more', unit: 'a CPU-second' },
  },
  P7: {
    what: 'A sign-out, suspension, deletion or other role, until another replica under full read load obeys',
    case: 'revocation-lag',
    figures: {
      p99: atMost('p99', 100, 'ms'),
      cut: atMost('p99 with the hints silently cut', 100, 'ms'),
      letIn: atMost('let in with the database out of reach', 0, 'requests'),
    },
  },
  P8: {
    what: 'List of users: a page of a million over one of ten thousand; page 5,000 over page 1',
    case: 'lists',
    figures: { size: atMost('1M over 10k users', 1.2), depth: atMost('page 5,000 over page 1', 1.2) },
    peer: { figure: 'listDeepOverFirst', better: 'less', unit: '(page 100 of ten over the first)' },
  },
  P9: {
    what: 'Search for part of a name among a million users',
    case: 'lists',
    figures: { p99: atMost('p99', 25, 'ms') },
  },
  P10: {
    what: 'A page of a user’s history at ten million events over one hundred thousand',
    case: 'history',
    figures: { size: atMost('10M over 100k events', 1.2) },
  },
  P11: {
    what: 'Events to brokers over INSERTs that commit one row each; commit to delivery',
    case: 'relay',
    figures: {
      kafka: atLeast('Kafka over commits', 1),
      rabbitmq: atLeast('RabbitMQ over commits', 1),
      kafkaP99: atMost('Kafka, p99', 50, 'ms'),
      rabbitmqP99: atMost('RabbitMQ, p99', 50, 'ms'),
    },
  },
  P12: {
    what: 'Import of users with ready hashes over COPY into the same indexed table',
    case: 'import',
    figures: { ratio: atLeast('over COPY', 0.5) },
  },
  P13: {
    what: 'Change of a user with its events over a bare UPDATE of the same indexed table',
    case: 'changes',
    figures: { ratio: atLeast('over a bare UPDATE', 0.6) },
  },
  P14: {
    what: 'Memory of all processes (PSS): idle; after 10,000 sign-ins, 100,000 reads and 950 pages of the list; a minute later',
    case: 'footprint',
    figures: {
      idle: atMost('idle', 100, 'MiB'),
      after: atMost('after the load', 200, 'MiB'),
      later: atMost('a minute later', 120, 'MiB'),
    },
    peer: { figure: 'memoryIdleMiB', better: 'less', unit: 'MiB idle' },
  },
  P15: {
    what: 'From the start of the process until it is ready (production build, database up and migrated)',
    case: 'start',
    figures: { ms: atMost('start', 1000, 'ms') },
    peer: { figure: 'startMs', better: 'less', unit: 'ms' },
  },
  P16: {
    what: 'Mails rendered, handed to SMTP and recorded',
    case: 'mail',
    figures: { perSecond: atLeast('mails', 1000, 'a second') },
  },
  P17: {
    what: 'PostgreSQL’s processor time for 1,000 sign-ins, and for 1,000 registrations',
    case: 'postgres-time',
    figures: { signIns: atMost('sign-ins', 2.5, 's'), registrations: atMost('registrations', 5, 's') },
    peer: { figure: 'postgresSecondsPer1000SignIns', better: 'less', unit: 's for sign-ins' },
  },
  P18: {
    what: 'A server that nobody uses',
    case: 'idle',
    figures: { processor: atMost('of a core', 0.5, '%'), statements: atMost('statements', 1, 'a second') },
    peer: { figure: 'idleProcessorPercent', better: 'less', unit: '% of a core' },
  },
  P19: {
    what: 'Sign-ins a second with `PASSWORD_HASH=argon2id`',
    case: 'argon2',
    figures: { raw: atLeast('over bare Argon2id', 0.85), bcrypt: atLeast('over bcrypt of cost 12', 12) },
    peer: { figure: 'signInsPerSecondAsDelivered', better: 'more', unit: 'a second as delivered' },
  },
  P20: {
    what: 'Console: list and search among a million in the browser',
    case: 'console',
    figures: { list: atMost('list, p95', 300, 'ms'), search: atMost('search, p95', 300, 'ms') },
  },
  P21: {
    what: 'OpenID Connect: sign-ins by authorization code for each CPU-second of the service, over Keycloak’s in the same run',
    case: 'code-flow',
    figures: { codeFlow: atLeast('over Keycloak', 2) },
    peer: { figure: 'codeFlowsPerCpuSecond', better: 'more', unit: 'a CPU-second' },
  },
};
