"""AMQP_URL=amqp://localhost python rabbitmq_consumer.py"""

import json
import os

import pika
from event import handle

exchange = os.environ.get("AMQP_EXCHANGE", "users")
queue = os.environ.get("AMQP_QUEUE", "roster-event-consumer-python")
connection = pika.BlockingConnection(pika.URLParameters(os.environ.get("AMQP_URL", "amqp://localhost")))
channel = connection.channel()
channel.exchange_declare(exchange, exchange_type="topic", durable=True)
channel.queue_declare(queue, durable=True)
# Every event of users; or name types, such as user.created.
channel.queue_bind(queue, exchange, "user.#")
channel.basic_qos(prefetch_count=50)


def on_message(channel, method, properties, body):
    handle(json.loads(body), "rabbitmq")
    channel.basic_ack(method.delivery_tag)


channel.basic_consume(queue, on_message)
channel.start_consuming()
