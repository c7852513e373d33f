"""How clients are let in by Kafka: TLS, SASL, and the tokens of OAUTHBEARER.

    settings -> Access (checked) -> client options -> every aiokafka client
                                      |- ssl_context: RenewedContext, takes renewed certificates up
                                      |- sasl_oauth_token_provider: TokenProvider, a valid token for each connection

`access.py` holds what the environment decides, `checks.py` refuses what cannot work, `tls.py` and `providers.py` serve
running clients; `tokens.py` asks files and commands for a token, `endpoint.py` an OIDC server. `http_limits.py`,
`hosts.py` and `bodies.py` say what HTTP servers bear, which hosts are asked, and how much of an answer is read.

What may live here: whatever proves who we are, or who the broker is. What a broker answers belongs in `kafka`. Nothing
here may write a secret to a log, an error or a repr.

May be imported here: `errors`, `sealing`.
"""
