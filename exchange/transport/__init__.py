"""Moving messages over a broker; the only room with kombu and pika. Each implements `exchange.ports.transport`.

    portable.py   any broker kombu speaks, and the one inside the process
    link.py       one kombu connection
    rabbitmq.py   RabbitMQ in production; its parts are the `rabbit_*.py`

Not here: the names of exchanges, queues and keys (`exchange.topology`).
"""
