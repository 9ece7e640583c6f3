// KAFKA_BROKERS=localhost:9092 npm run kafka
import { Consumer, stringDeserializers } from '@platformatic/kafka';
import { type Event, handle } from './event.ts';

const consumer = new Consumer({
  clientId: 'roster-event-consumer',
  groupId: process.env.KAFKA_GROUP ?? 'roster-event-consumer',
  bootstrapBrokers: (process.env.KAFKA_BROKERS ?? 'localhost:9092').split(','),
  deserializers: stringDeserializers,
});
const stream = await consumer.consume({
  topics: [process.env.KAFKA_TOPIC ?? 'users.events'],
  mode: 'committed',
  fallbackMode: 'earliest',
  autocommit: false,
});
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void consumer.close(true));

for await (const message of stream) {
  handle(JSON.parse(message.value) as Event, 'kafka');
  // Only now: who dies in between gets the message again.
  await message.commit();
}
