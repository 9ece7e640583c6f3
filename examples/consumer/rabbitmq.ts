// AMQP_URL=amqp://localhost npm run rabbitmq
import { Connection } from 'rabbitmq-client';
import { type Event, handle } from './event.ts';

const exchange = process.env.AMQP_EXCHANGE ?? 'users';
const connection = new Connection(process.env.AMQP_URL ?? 'amqp://localhost');
connection.on('error', (error: Error) => console.error(`RabbitMQ: ${error.message}`));

const consumer = connection.createConsumer(
  {
    queue: process.env.AMQP_QUEUE ?? 'roster-event-consumer',
    queueOptions: { durable: true },
    exchanges: [{ exchange, type: 'topic', durable: true }],
    // Every event of users; or name types, such as user.created.
    queueBindings: [{ exchange, routingKey: 'user.#' }],
    // One after the other, or the order of a user's events is lost.
    qos: { prefetchCount: 50 },
    concurrency: 1,
  },
  (message) => handle(JSON.parse(String(message.body)) as Event, 'rabbitmq'),
);
consumer.on('error', (error: Error) => console.error(`RabbitMQ: ${error.message}`));
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => void consumer.close().then(() => connection.close()));
}
