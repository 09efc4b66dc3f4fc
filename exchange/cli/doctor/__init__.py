"""`yidi doctor`: what is wrong, where, and what to type against it.

    command      the command
    checks       a finding, and the exchange as it is examined
    place        files, modes, disk, keys, databases, office folders
    flow         clock, directory, certificates, documents that do not get on
    hub, node    the checks of a hub on servers, of a node far from its hub
    servers      RabbitMQ and PostgreSQL, also before a hub is made
    logins       who does not get in at RabbitMQ, and why
    reach        names, ports, a store of files
    programs     the interface for programs
    round_trip   a test document, there and back

Not here: any cure. A check looks and changes nothing, except that a round trip sends a document and recalls it.
"""

from exchange.cli.doctor.command import register

__all__ = ["register"]
