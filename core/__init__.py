"""The core of civicloop: model, loop, street, sdk, stores, engine, gateway, daemon; imports point left."""
