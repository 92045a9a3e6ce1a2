package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestJSON(t *testing.T) {
	issuer := newIssuer(t)
	for _, tt := range []struct {
		name  string
		token string
		code  int
		want  string
	}{
		{"accepted", issuer.Token(jane(object{"groups": nil, "jti": "<1>"})), accepted, `
{
  "issuer": "https://login.example.com",
  "index": 0,
  "accepted": true,
  "signature": "not verified",
  "user": {
    "username": "oidc:jane",
    "uid": "42",
    "groups": [],
    "extra": {
      "authentication.kubernetes.io/credential-id": [
        "JTI=<1>"
      ]
    }
  },
  "steps": [
    {
      "path": "token",
      "verdict": "ok",
      "value": null,
      "reason": "",
      "error": ""
    },
    {
      "path": "iss",
      "verdict": "ok",
      "value": "https://login.example.com",
      "reason": "",
      "error": ""
    },
    {
      "path": "aud",
      "verdict": "ok",
      "value": "api",
      "reason": "",
      "error": ""
    },
    {
      "path": "exp",
      "verdict": "ok",
      "value": 1767358800,
      "reason": "",
      "error": ""
    },
    {
      "path": "iat",
      "verdict": "ok",
      "value": 1767355200,
      "reason": "",
      "error": ""
    },
    {
      "path": "claimMappings.username",
      "verdict": "ok",
      "value": "oidc:jane",
      "reason": "",
      "error": ""
    },
    {
      "path": "claimMappings.groups",
      "verdict": "ok",
      "value": [],
      "reason": "",
      "error": ""
    },
    {
      "path": "claimMappings.uid",
      "verdict": "ok",
      "value": "42",
      "reason": "",
      "error": ""
    },
    {
      "path": "claimValidationRules[0]",
      "verdict": "ok",
      "value": "example.com",
      "reason": "",
      "error": ""
    }
  ],
  "warnings": []
}
`},
		{"refused", issuer.Token(object{"iss": mail, "aud": "payroll"}), refused, `
{
  "issuer": "https://mail.example.com",
  "index": 2,
  "accepted": false,
  "signature": "not verified",
  "user": null,
  "steps": [
    {
      "path": "token",
      "verdict": "ok",
      "value": null,
      "reason": "",
      "error": ""
    },
    {
      "path": "iss",
      "verdict": "ok",
      "value": "https://mail.example.com",
      "reason": "",
      "error": ""
    },
    {
      "path": "aud",
      "verdict": "refused",
      "value": "payroll",
      "reason": "WrongAudience",
      "error": "the token is for \"payroll\", not for any of [\"api\"]"
    },
    {
      "path": "exp",
      "verdict": "ok",
      "value": 1767358800,
      "reason": "",
      "error": ""
    },
    {
      "path": "iat",
      "verdict": "ok",
      "value": 1767355200,
      "reason": "",
      "error": ""
    },
    {
      "path": "claimMappings.username",
      "verdict": "refused",
      "value": null,
      "reason": "ClaimMissing",
      "error": "claim \"email\": missing"
    }
  ],
  "warnings": []
}
`},
		{"unreadable", "opaque", refused, `
{
  "issuer": "",
  "index": -1,
  "accepted": false,
  "signature": "not verified",
  "user": null,
  "steps": [
    {
      "path": "token",
      "verdict": "refused",
      "value": null,
      "reason": "Malformed",
      "error": "not three parts with dots between them"
    }
  ],
  "warnings": []
}
`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			code, out, log := check(t, tt.token, "-token", "-", "-o", "json")
			require.Equal(t, strings.TrimPrefix(tt.want, "\n"), out)
			require.Equal(t, tt.code, code)
			require.Empty(t, log)
		})
	}
}

// TestJSONOfRules has the values of rules, of what is skipped, and warnings.
func TestJSONOfRules(t *testing.T) {
	path := write(t, config+"anonymous: {enabled: true, conditions: [{path: a}]}\n")
	const claims = `{"iss":"https://ci.example.com","aud":["api","b"],"exp":1767358800.5,"repo":"\u0000","teams":[1],"run":1,"branch":"b"}`
	code, out, log := try("", "-config", path, "-now", noon, "-o", "json", "-claims", claims)
	require.JSONEq(t, `{
		"issuer": "https://ci.example.com", "index": 1, "accepted": false, "signature": "not verified", "user": null,
		"steps": [
			{"path": "iss", "verdict": "ok", "value": "https://ci.example.com", "reason": "", "error": ""},
			{"path": "aud", "verdict": "ok", "value": ["api", "b"], "reason": "", "error": ""},
			{"path": "exp", "verdict": "ok", "value": 1767358800.5, "reason": "", "error": ""},
			{"path": "claimMappings.username.expression", "verdict": "refused", "value": null, "reason": "InvalidUser", "error": "the user name has the control character U+0000 at byte 3"},
			{"path": "claimMappings.groups.expression", "verdict": "refused", "value": null, "reason": "ClaimMissing", "error": "the expression must return a string or a list of strings"},
			{"path": "claimMappings.uid.expression", "verdict": "ok", "value": "1", "reason": "", "error": ""},
			{"path": "claimMappings.extra[0].valueExpression", "verdict": "ok", "value": ["b"], "reason": "", "error": ""},
			{"path": "claimValidationRules[0]", "verdict": "refused", "value": false, "reason": "RuleFailed", "error": "runs up to 3 are not trusted (\"claims.run > 3\" is false)"},
			{"path": "userValidationRules[0]", "verdict": "skipped", "value": null, "reason": "", "error": "there is no user to check"}
		],
		"warnings": ["anonymous.conditions[0] opens nothing: path \"a\": must begin with / and be clean (no //, no . and no .. in it)"]
	}`, out)
	require.Equal(t, refused, code)
	require.Empty(t, log)
}

// TestJSONForTerminal has claims with what a terminal would obey.
func TestJSONForTerminal(t *testing.T) {
	const claims = `{"iss":"https://mail.example.com","aud":["\u009b2J","\u202e","\udb40\udc01","é"],"exp":1767358800,"email":"j@x"}`
	code, out, log := check(t, "", "-o", "json", "-claims", claims)
	require.Contains(t, out, `
      "value": [
        "\u009b2J",
        "\u202e",
        "\udb40\udc01",
        "é"
      ],
`)
	require.NotRegexp(t, `[^\n\P{C}]`, out, "not to be printed")
	require.Equal(t, refused, code)
	require.Empty(t, log)
}
