"""Who answers, and when: skills, queues, seats, the distributor."""
