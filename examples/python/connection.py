"""How the examples reach Orrery."""

import json
import os

import grpc

NAMESPACE = os.environ.get("ORRERY_NAMESPACE", "default")

RETRY_UNAVAILABLE = {
    "maxAttempts": 5,
    "initialBackoff": "0.2s",
    "maxBackoff": "2s",
    "backoffMultiplier": 2,
    "retryableStatusCodes": ["UNAVAILABLE"],
}

# gRPC itself waits for a server that is being restarted and repeats what was UNAVAILABLE. The Work stream is not repeated: its
# worker connects anew.
SERVICE_CONFIG = {
    "methodConfig": [
        {"name": [{}], "waitForReady": True, "timeout": "70s", "retryPolicy": RETRY_UNAVAILABLE},
        {"name": [{"service": "orrery.dispatch.v1.DispatchService", "method": "Work"}], "waitForReady": True},
    ]
}


def connect() -> grpc.Channel:
    """A channel to the server at ORRERY_ADDRESS."""
    address = os.environ.get("ORRERY_ADDRESS", "127.0.0.1:7070")
    return grpc.insecure_channel(address, options=[("grpc.service_config", json.dumps(SERVICE_CONFIG))])
