"""KAFKA_BROKERS=localhost:9092 python kafka_consumer.py"""

import json
import os

from event import handle
from kafka import KafkaConsumer

consumer = KafkaConsumer(
    os.environ.get("KAFKA_TOPIC", "users.events"),
    bootstrap_servers=os.environ.get("KAFKA_BROKERS", "localhost:9092").split(","),
    group_id=os.environ.get("KAFKA_GROUP", "roster-event-consumer-python"),
    auto_offset_reset="earliest",
    enable_auto_commit=False,
)
for message in consumer:
    handle(json.loads(message.value), "kafka")
    # Only now: who dies in between gets the message again.
    consumer.commit()
