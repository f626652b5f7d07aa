"""The door for people: pages that work without JavaScript. They ask actions and decide nothing."""
