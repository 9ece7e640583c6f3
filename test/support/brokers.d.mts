interface Broker {
  /** Whether it was started here, so that it can be stopped. */
  readonly isOurs: boolean;
  /** Kills it; what it has confirmed stays on the disk. */
  stop(): Promise<void>;
  /** Stops it and removes what it stored. */
  remove(): Promise<void>;
}

interface Startable {
  start(): Promise<void>;
}

export interface Kafka extends Broker {
  readonly brokers: string;
}

export interface OwnKafka extends Kafka, Startable {
  /** With TLS and SCRAM-SHA-512. */
  readonly securedBrokers: string;
  /** With TLS, for who shows the certificate of `ca` and `key`. */
  readonly mutualBrokers: string;
  /** The file with the certificate to trust. */
  readonly ca: string;
  readonly key: string;
}

export interface Rabbitmq extends Broker {
  readonly url: string;
}

export interface OwnRabbitmq extends Rabbitmq, Startable {
  /** With TLS. */
  readonly securedUrl: string;
  /** The file with the certificate to trust. */
  readonly ca: string;
  /** Runs `rabbitmqctl`. */
  control(...words: string[]): Promise<void>;
}

export const KAFKA_USER: { readonly username: string; readonly password: string };

export function kafka(): Promise<Kafka | OwnKafka>;
export function rabbitmq(): Promise<Rabbitmq | OwnRabbitmq>;
/** @param before puts something before the port in the clear, and returns the port that clients are told */
export function startKafka(before?: (port: number) => Promise<number>): Promise<OwnKafka>;
/** @param more lines of its configuration */
export function startRabbitmq(more?: string): Promise<OwnRabbitmq>;
/** Copies Kafka's jars by Maven, once. @returns the folder that they are in */
export function installKafka(): Promise<string>;

/** Starts several at once. Where one cannot be started, the others are removed. */
export function together<const Brokers extends readonly Broker[]>(
  ...starting: { [Index in keyof Brokers]: Promise<Brokers[Index]> }
): Promise<Brokers>;
