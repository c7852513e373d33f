"""Why a customer has a tier, what is missing for the next, and what keeps this one: `tierflow explain`."""
