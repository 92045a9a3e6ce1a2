package certconfig_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/authnchain/authnchain/x509/certconfig"
)

func TestInvalid(t *testing.T) {
	const good = "cert.serial"
	extra := func(key, expression string) certconfig.Config {
		return certconfig.Config{Username: good, Extra: []certconfig.Extra{{Key: key, ValueExpression: expression}}}
	}
	certRule := func(expressions ...string) certconfig.Config {
		c := certconfig.Config{Username: good}
		for _, e := range expressions {
			c.CertificateValidationRules = append(c.CertificateValidationRules, certconfig.Rule{Expression: e})
		}
		return c
	}
	userRule := func(expressions ...string) certconfig.Config {
		c := certconfig.Config{Username: good}
		for _, e := range expressions {
			c.UserValidationRules = append(c.UserValidationRules, certconfig.Rule{Expression: e})
		}
		return c
	}
	compilation := func(path, expression, rest string) string {
		return path + `: Invalid value: "` + expression + `": compilation failed: ERROR: <input>:` + rest
	}
	const (
		path     = `must be a domain-prefixed path (such as "acme.io/foo")`
		reserved = "k8s.io, kubernetes.io and their subdomains are reserved for Kubernetes"
		label    = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
	)
	tests := []struct {
		name   string
		config certconfig.Config
		err    string
	}{
		{"nothing", certconfig.Config{}, "username: Required value"},
		{"username: blanks", certconfig.Config{Username: " \n"}, "username: Required value"},
		{"username: a list", certconfig.Config{Username: "cert.sans.uris"}, `username: Invalid value: "cert.sans.uris": must give a string, and gives list(string)`},
		{"username: a number", certconfig.Config{Username: "1"}, `username: Invalid value: "1": must give a string, and gives int`},
		{"username: a time", certconfig.Config{Username: "cert.notAfter"}, `username: Invalid value: "cert.notAfter": must give a string, and gives google.protobuf.Timestamp`},
		{"username: null", certconfig.Config{Username: "null"}, `username: Invalid value: "null": must give a string, and gives null_type`},
		{"username: true", certconfig.Config{Username: "true"}, `username: Invalid value: "true": must give a string, and gives bool`},
		{"username: the certificate", certconfig.Config{Username: "cert"}, `username: Invalid value: "cert": must give a string, and gives authnchain.Certificate`},
		{"username: the subject", certconfig.Config{Username: "cert.subject"}, `username: Invalid value: "cert.subject": must give a string, and gives authnchain.Name`},
		{"username: maybe a string", certconfig.Config{Username: "optional.of('a')"}, `username: Invalid value: "optional.of('a')": must give a string, and gives optional_type(string)`},
		{"username: misspelt", certconfig.Config{Username: "cert.subject.commonname"}, compilation("username", "cert.subject.commonname", "1:13: undefined field 'commonname'\n | cert.subject.commonname\n | ............^")},
		{"username: misspelt, maybe", certconfig.Config{Username: "cert.sans.?dns.orValue('')"}, compilation("username", "cert.sans.?dns.orValue('')", "1:10: undefined field 'dns'\n | cert.sans.?dns.orValue('')\n | .........^")},
		{"username: in brackets", certconfig.Config{Username: "cert['serial']"}, compilation("username", "cert['serial']", "1:5: found no matching overload for '_[_]' applied to '(authnchain.Certificate, string)'\n | cert['serial']\n | ....^")},
		{"username: another variable", certconfig.Config{Username: "user.username"}, compilation("username", "user.username", "1:1: undeclared reference to 'user' (in container '')\n | user.username\n | ^")},
		{"username: claims", certconfig.Config{Username: "claims.sub"}, compilation("username", "claims.sub", "1:1: undeclared reference to 'claims' (in container '')\n | claims.sub\n | ^")},
		{"username: cut off", certconfig.Config{Username: "cert."}, compilation("username", "cert.", "1:6: Syntax error: no viable alternative at input '.'\n | cert.\n | .....^")},
		{"username: types", certconfig.Config{Username: "cert.serial + 1"}, compilation("username", "cert.serial + 1", "1:13: found no matching overload for '_+_' applied to '(string, int)'\n | cert.serial + 1\n | ............^")},
		{"groups: numbers", certconfig.Config{Username: good, Groups: "[1]"}, `groups: Invalid value: "[1]": must give a string or a list of strings, and gives list(int)`},
		{"groups: true", certconfig.Config{Username: good, Groups: "cert.serial == ''"}, `groups: Invalid value: "cert.serial == ''": must give a string or a list of strings, and gives bool`},
		{"groups: lists in lists", certconfig.Config{Username: good, Groups: "[['a']]"}, `groups: Invalid value: "[['a']]": must give a string or a list of strings, and gives list(list(string))`},
		{"groups: a map", certconfig.Config{Username: good, Groups: "{'a': 'b'}"}, `groups: Invalid value: "{'a': 'b'}": must give a string or a list of strings, and gives map(string, string)`},
		{"uid: a list", certconfig.Config{Username: good, UID: "cert.sans.uris"}, `uid: Invalid value: "cert.sans.uris": must give a string, and gives list(string)`},
		{"uid: no function", certconfig.Config{Username: good, UID: "lower(cert.serial)"}, compilation("uid", "lower(cert.serial)", "1:6: undeclared reference to 'lower' (in container '')\n | lower(cert.serial)\n | .....^")},
		{"extra: no key", extra("", "'a'"), "extra[0].key: Required value"},
		{"extra: no domain", extra("team", "'a'"), `extra[0].key: Invalid value: "team": ` + path},
		{"extra: no path", extra("a.example/", "'a'"), `extra[0].key: Invalid value: "a.example/": ` + path},
		{"extra: capitals", extra("A.example/b", "'a'"), `extra[0].key: Invalid value: "A.example": ` + label + `; extra[0].key: Invalid value: "A.example/b": must be lowercase`},
		{"extra: capitals in the path", extra("a.example/B", "'a'"), `extra[0].key: Invalid value: "a.example/B": must be lowercase`},
		{"extra: Kubernetes'", extra("authentication.kubernetes.io/credential-id", "'a'"), `extra[0].key: Invalid value: "authentication.kubernetes.io/credential-id": ` + reserved},
		{"extra: k8s.io", extra("k8s.io/a", "'a'"), `extra[0].key: Invalid value: "k8s.io/a": ` + reserved},
		{"extra: no value", extra("a.example/b", ""), "extra[0].valueExpression: Required value"},
		{"extra: a number", extra("a.example/b", "1"), `extra[0].valueExpression: Invalid value: "1": must give a string or a list of strings, and gives int`},
		{"extra: twice", certconfig.Config{Username: good, Extra: []certconfig.Extra{{Key: "a.example/b", ValueExpression: "'a'"}, {Key: "a.example/b", ValueExpression: "'b'"}}}, `extra[1].key: Duplicate value: "a.example/b"`},
		{"rule: empty", certRule("true", ""), "certificateValidationRules[1].expression: Required value"},
		{"rule: twice", certRule("true", "true"), `certificateValidationRules[1].expression: Duplicate value: "true"`},
		{"rule: a string", certRule("cert.serial"), `certificateValidationRules[0].expression: Invalid value: "cert.serial": must give true or false, and gives string`},
		{"rule: of no type", certRule("dyn(true)"), `certificateValidationRules[0].expression: Invalid value: "dyn(true)": must give true or false, and gives dyn`},
		{"rule: the user", certRule("user.uid == ''"), compilation("certificateValidationRules[0].expression", "user.uid == ''", "1:1: undeclared reference to 'user' (in container '')\n | user.uid == ''\n | ^")},
		{"user rule: empty", userRule(""), "userValidationRules[0].expression: Required value"},
		{"user rule: twice", userRule("true", "false", "true"), `userValidationRules[2].expression: Duplicate value: "true"`},
		{"user rule: a string", userRule("user.uid"), `userValidationRules[0].expression: Invalid value: "user.uid": must give true or false, and gives string`},
		{"user rule: the certificate", userRule("cert.serial == ''"), compilation("userValidationRules[0].expression", "cert.serial == ''", "1:1: undeclared reference to 'cert' (in container '')\n | cert.serial == ''\n | ^")},
		{"user rule: misspelt", userRule("user.name == ''"), compilation("userValidationRules[0].expression", "user.name == ''", "1:5: undefined field 'name'\n | user.name == ''\n | ....^")},
		{"too little time", certconfig.Config{Username: good, MaxEvaluation: time.Millisecond}, `maxEvaluation: Invalid value: "1ms": must be at least 50ms`},
		{"negative time", certconfig.Config{Username: good, MaxEvaluation: -1}, `maxEvaluation: Invalid value: "-1ns": must be at least 50ms`},
		{"all at once", certconfig.Config{UID: "1", Groups: "1", UserValidationRules: []certconfig.Rule{{}}, MaxEvaluation: 1},
			`username: Required value; groups: Invalid value: "1": must give a string or a list of strings, and gives int; uid: Invalid value: "1": must give a string, and gives int; userValidationRules[0].expression: Required value; maxEvaluation: Invalid value: "1ns": must be at least 50ms`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m, err := certconfig.New(tt.config)
			require.EqualError(t, err, "certconfig: "+tt.err)
			require.Nil(t, m)
			var invalid *certconfig.InvalidError
			require.ErrorAs(t, err, &invalid)
			require.NotEmpty(t, invalid.Errors)
			var one *field.Error
			require.ErrorAs(t, err, &one)
			require.Equal(t, invalid.Errors[0], one)
		})
	}
}
