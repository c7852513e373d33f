"""Settings, from the environment and a `.env` file. Each has a default, and is checked before anything starts.

    environment, .env -> environment.py -> settings.py: Settings.from_environment, checked -> every program and command

`Settings` has all of them, and the names of topics, groups and transactional ids that follow from them (`names.py`).
`policy_files.py` reads a policy that a setting or an option names. All settings with their defaults:
config/tierflow.env.

What may live here: what the environment decides. What Kafka's clients and HTTP servers make of it belongs in `security`
and in their rooms.

May be imported here: `contracts`, `errors`, `policy`, `security`, `values`.
"""

from streams.settings.environment import remembered_ids, variables
from streams.settings.policy_files import policy_folder, read_policy_file
from streams.settings.settings import Partitioner, Settings
from streams.settings.time_zones import time_zone_data

__all__ = [
    "Partitioner",
    "Settings",
    "policy_folder",
    "read_policy_file",
    "remembered_ids",
    "time_zone_data",
    "variables",
]
