/** What a part is for, and what to do when it does not work. */
interface CheckWords {
  readonly up: string;
  readonly down: string;
  readonly advice: string;
}

export interface HealthWords {
  readonly checks: Readonly<Record<string, CheckWords>>;
  /** Of a check that has no words of its own, such as a sink. */
  readonly sink: (name: string) => CheckWords;
  readonly queues: Readonly<Record<string, string>>;
  readonly sinkQueue: (name: string) => string;
  readonly neverVerified: string;
  readonly verified: string;
  readonly faulty: (faults: number) => string;
}

const EN: HealthWords = {
  checks: {
    database: {
      up: 'The database answers and can be written to.',
      down: 'The database does not answer, or cannot be written to. No request is served.',
      advice: 'Check that PostgreSQL runs, that its disk has room, and that DATABASE_URL leads to the primary.',
    },
    migrations: {
      up: 'The schema is that of this release.',
      down: 'The schema is older than this release.',
      advice: 'Run: npm run roster -- migrate. Then the server is ready by itself.',
    },
    keys: {
      up: 'The keys that sign tokens are at hand.',
      down: 'The signing key is missing, so nobody can sign in.',
      advice: 'Restart the server. If that does not help, restore the table keys from a backup.',
    },
    secretKey: {
      up: 'SECRET_KEY opens the keys of the database.',
      down: 'SECRET_KEY was replaced meanwhile; this server goes on with the old one.',
      advice: 'Restart this server with the new SECRET_KEY.',
    },
    readReplica: {
      up: 'The read replica keeps up.',
      down: 'The read replica is away or too far behind; lists and histories are read from the primary.',
      advice: 'Check that the standby streams (pg_stat_replication on the primary), and READ_DATABASE_URL.',
    },
    events: {
      up: 'Events get their positions in the feed at once.',
      down: 'Events wait for their positions, so feeds, webhooks and brokers stand still.',
      advice: 'Look for long transactions in pg_stat_activity, and for warnings of the sequencer in the log.',
    },
    mail: {
      up: 'The SMTP server accepts connections.',
      down: 'The SMTP server cannot be used. Mails wait and are not lost for a day.',
      advice:
        'Check SMTP_URL, its password, and whether this server may connect there. Waiting mails then leave by themselves.',
    },
    webhooks: {
      up: 'Events become messages to webhooks without delay.',
      down: 'Events wait to become messages to webhooks.',
      advice: 'Look for warnings of the relay in the log; a single failing receiver does not cause this.',
    },
  },
  sink: (name) => ({
    up: `${name} works.`,
    down: `${name} does not accept what waits for it.`,
    advice: `Check that ${name} runs, and its settings. What waits is sent as soon as it works again.`,
  }),
  queues: {
    events: 'Events without a position in the feed yet',
    jobs: 'Jobs: clean-up, notices and other work in the background',
    mails: 'Mails to be sent',
    webhooks: 'Messages to webhooks',
  },
  sinkQueue: (name) => `Events for ${name}`,
  neverVerified:
    'The log was never verified. Run: npm run roster -- verify, best every day, with a checkpoint that is stored elsewhere.',
  verified: 'Every chain was intact, and every row matched the log.',
  faulty: (faults) =>
    `The log does not match: ${faults} ${faults === 1 ? 'fault was' : 'faults were'} found. Somebody may have changed the database by hand. Run: npm run roster -- verify --all.`,
};

const DE: HealthWords = {
  checks: {
    database: {
      up: 'Die Datenbank antwortet und lässt sich beschreiben.',
      down: 'Die Datenbank antwortet nicht oder lässt sich nicht beschreiben. Keine Anfrage wird bedient.',
      advice:
        'Prüfen Sie, ob PostgreSQL läuft, ob auf seiner Platte Platz ist und ob DATABASE_URL zum Primärserver führt.',
    },
    migrations: {
      up: 'Das Schema ist das dieser Version.',
      down: 'Das Schema ist älter als diese Version.',
      advice: 'Führen Sie aus: npm run roster -- migrate. Danach ist der Server von selbst bereit.',
    },
    keys: {
      up: 'Die Schlüssel, die Tokens signieren, sind da.',
      down: 'Der Signaturschlüssel fehlt; niemand kann sich anmelden.',
      advice:
        'Starten Sie den Server neu. Hilft das nicht, stellen Sie die Tabelle keys aus einer Sicherung wieder her.',
    },
    secretKey: {
      up: 'SECRET_KEY öffnet die Schlüssel der Datenbank.',
      down: 'SECRET_KEY wurde inzwischen ersetzt; dieser Server arbeitet mit dem alten weiter.',
      advice: 'Starten Sie diesen Server mit dem neuen SECRET_KEY neu.',
    },
    readReplica: {
      up: 'Das Lesereplikat hält Schritt.',
      down: 'Das Lesereplikat ist weg oder zu weit zurück; Listen und Verläufe kommen vom Primärserver.',
      advice: 'Prüfen Sie, ob das Replikat folgt (pg_stat_replication auf dem Primärserver), und READ_DATABASE_URL.',
    },
    events: {
      up: 'Ereignisse bekommen ihre Position im Feed sofort.',
      down: 'Ereignisse warten auf ihre Position; Feeds, Webhooks und Broker stehen still.',
      advice: 'Suchen Sie nach langen Transaktionen in pg_stat_activity und nach Warnungen im Log.',
    },
    mail: {
      up: 'Der SMTP-Server nimmt Verbindungen an.',
      down: 'Der SMTP-Server ist nicht nutzbar. Mails warten und gehen einen Tag lang nicht verloren.',
      advice:
        'Prüfen Sie SMTP_URL, das Passwort und ob dieser Server dorthin verbinden darf. Wartende Mails gehen dann von selbst hinaus.',
    },
    webhooks: {
      up: 'Aus Ereignissen werden ohne Verzug Nachrichten an Webhooks.',
      down: 'Ereignisse warten darauf, Nachrichten an Webhooks zu werden.',
      advice: 'Suchen Sie nach Warnungen im Log; ein einzelner gestörter Empfänger ist nicht die Ursache.',
    },
  },
  sink: (name) => ({
    up: `${name} funktioniert.`,
    down: `${name} nimmt nicht an, was darauf wartet.`,
    advice: `Prüfen Sie, ob ${name} läuft, und die Einstellungen dazu. Was wartet, wird gesendet, sobald es wieder geht.`,
  }),
  queues: {
    events: 'Ereignisse, die noch keine Position im Feed haben',
    jobs: 'Aufgaben: Aufräumen, Hinweise und andere Arbeit im Hintergrund',
    mails: 'Mails, die zu senden sind',
    webhooks: 'Nachrichten an Webhooks',
  },
  sinkQueue: (name) => `Ereignisse für ${name}`,
  neverVerified:
    'Das Log wurde noch nie geprüft. Führen Sie aus: npm run roster -- verify, am besten täglich und mit einem Prüfpunkt, der anderswo liegt.',
  verified: 'Jede Kette war unversehrt, und jede Zeile stimmte mit dem Log überein.',
  faulty: (faults) =>
    `Das Log stimmt nicht: ${faults === 1 ? 'Ein Fehler wurde' : `${faults} Fehler wurden`} gefunden. Vielleicht hat jemand die Datenbank von Hand geändert. Führen Sie aus: npm run roster -- verify --all.`,
};

export type HealthLocale = 'en' | 'de';
export const HEALTH_WORDS: Readonly<Record<HealthLocale, HealthWords>> = { en: EN, de: DE };
