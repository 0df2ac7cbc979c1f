"""The story of Antonio, played over HTTP by somebody who knows nothing but the contract."""
