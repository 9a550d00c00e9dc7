package precinct.authz

import rego.v1

# Allow researcher agents to use search and retrieval tools only
default allow := false

allow if {
	glob.match("spiffe://poc.local/agents/mcp-client/*/dev", [], input.caller_spiffe_id)
	input.tool_name in {"web_search", "arxiv_search", "document_retrieve"}
}

# Allow gateway-admin to use any tool
allow if {
	input.caller_spiffe_id == "spiffe://poc.local/gateways/mcp-security-gateway/dev"
}
