package certconfig_test

import (
	"crypto/sha256"
	stdx509 "crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/hex"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/apiserver/pkg/authentication/user"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/x509/certconfig"
)

const credentialID = "authentication.kubernetes.io/credential-id"

func fingerprint(c *stdx509.Certificate) string {
	digest := sha256.Sum256(c.Raw)
	return hex.EncodeToString(digest[:])
}

// What the expressions for the parts of a user see and give.
func TestUser(t *testing.T) {
	chain := ann(t)
	id := fingerprint(chain[0])
	const name = "cert.subject.commonName"
	named := func(name string) user.DefaultInfo { return user.DefaultInfo{Name: name} }
	grouped := func(groups ...string) user.DefaultInfo { return user.DefaultInfo{Name: "ann", Groups: groups} }
	tests := []struct {
		name   string
		config certconfig.Config
		want   user.DefaultInfo // less the credential ID
	}{
		{"common name", certconfig.Config{Username: name}, named("ann")},
		{"prefix", certconfig.Config{Username: "'ca1:' + " + name}, named("ca1:ann")},
		{"the whole subject", certconfig.Config{Username: "cert.subject.text"}, named("O=dev,O=ops,SERIALNUMBER=7,CN=ann,OU=platform,L=Malmö,ST=Skåne,C=SE")},
		{"serial number of the subject", certconfig.Config{Username: "cert.subject.serialNumber"}, named("7")},
		{"issuer", certconfig.Config{Username: "cert.issuer.commonName + '/' + cert.issuer.organizations[0]"}, named("ours/Example")},
		{"serial number", certconfig.Config{Username: "cert.serial"}, named("2a")},
		{"fingerprint", certconfig.Config{Username: "cert.fingerprint"}, named(id)},
		{"URI", certconfig.Config{Username: "cert.sans.uris[0]"}, named("spiffe://example.org/ns/a/sa/b")},
		{"part of a URI", certconfig.Config{Username: "cert.sans.uris[0].split('/')[6]"}, named("b")},
		{"DNS name", certconfig.Config{Username: "'host:' + cert.sans.dnsNames[1]"}, named("host:b.example.org")},
		{"email", certconfig.Config{Username: "cert.sans.emails[0]"}, named("ann@example.org")},
		{"addresses", certconfig.Config{Username: "cert.sans.ips.join('|')"}, named("10.0.0.1|::1")},
		{"country", certconfig.Config{Username: "cert.subject.countries[0] + cert.subject.provinces[0] + cert.subject.localities[0]"}, named("SESkåneMalmö")},
		{"times", certconfig.Config{Username: "string(cert.notBefore) + ' ' + string(cert.notAfter)"}, named("2030-01-02T03:04:05Z 2030-02-02T03:04:05Z")},
		{"key usages", certconfig.Config{Username: "cert.keyUsages.join(',')"}, named("digitalSignature")},
		{"extended key usages", certconfig.Config{Username: "cert.extKeyUsages.join(',')"}, named("clientAuth,1.2.3.4")},
		{"one or the other", certconfig.Config{Username: "cert.sans.emails.size() == 1 ? cert.sans.emails[0] : " + name}, named("ann@example.org")},
		{"dyn", certconfig.Config{Username: "dyn(" + name + ")"}, named("ann")},
		{"groups", certconfig.Config{Username: name, Groups: "cert.subject.organizations"}, grouped("ops", "dev")},
		{"groups, other", certconfig.Config{Username: name, Groups: "cert.subject.organizationalUnits"}, grouped("platform")},
		{"groups, with a prefix", certconfig.Config{Username: name, Groups: "cert.subject.organizations.map(o, 'ca1:' + o)"}, grouped("ca1:ops", "ca1:dev")},
		{"groups, some", certconfig.Config{Username: name, Groups: "cert.subject.organizations.filter(o, o != 'ops')"}, grouped("dev")},
		{"groups, one", certconfig.Config{Username: name, Groups: "'people'"}, grouped("people")},
		{"groups, fixed", certconfig.Config{Username: name, Groups: "['people', 'staff']"}, grouped("people", "staff")},
		{"groups, split", certconfig.Config{Username: name, Groups: "'a,,b'.split(',')"}, grouped("a", "b")},
		{"groups, both", certconfig.Config{Username: name, Groups: "cert.subject.organizations + ['x']"}, grouped("ops", "dev", "x")},
		{"groups, null", certconfig.Config{Username: name, Groups: "null"}, grouped()},
		{"groups, none", certconfig.Config{Username: name, Groups: "[]"}, grouped()},
		{"groups, empty", certconfig.Config{Username: name, Groups: "''"}, grouped()},
		{"uid", certconfig.Config{Username: name, UID: "cert.issuer.commonName + cert.serial"}, user.DefaultInfo{Name: "ann", UID: "ours2a"}},
		{"uid, empty", certconfig.Config{Username: name, UID: "''"}, named("ann")},
		{"extra", certconfig.Config{Username: name, Extra: []certconfig.Extra{{Key: "example.org/ou", ValueExpression: "cert.subject.organizationalUnits"}, {Key: "example.org/none", ValueExpression: "cert.sans.uris.filter(u, false)"}}},
			user.DefaultInfo{Name: "ann", Extra: map[string][]string{"example.org/ou": {"platform"}}}},
		{"rules", certconfig.Config{Username: name, CertificateValidationRules: []certconfig.Rule{{Expression: "'clientAuth' in cert.extKeyUsages"}, {Expression: "cert.notAfter - cert.notBefore <= duration('744h')"}},
			UserValidationRules: []certconfig.Rule{{Expression: "!user.username.startsWith('system:')"}, {Expression: "user.uid == '' && user.groups.size() == 0"}}}, named("ann")},
		{"rule over the credential ID", certconfig.Config{Username: name, UserValidationRules: []certconfig.Rule{{Expression: "!(user.extra['" + credentialID + "'][0] in ['X509SHA256=04ad'])"}}}, named("ann")},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			resp, ok, err := newMapping(t, tt.config).User(chain)
			require.NoError(t, err)
			require.True(t, ok)
			if tt.want.Extra == nil {
				tt.want.Extra = make(map[string][]string)
			}
			tt.want.Extra[credentialID] = []string{"X509SHA256=" + id}
			require.Equal(t, &tt.want, resp.User)
		})
	}
}

func TestRefused(t *testing.T) {
	const name = "cert.subject.commonName"
	twoNames := ann(t, func(c *stdx509.Certificate) {
		cn := asn1.ObjectIdentifier{2, 5, 4, 3}
		c.Subject = pkix.Name{ExtraNames: []pkix.AttributeTypeAndValue{{Type: cn, Value: "ann"}, {Type: cn, Value: "root"}}}
	})
	noName := ann(t, func(c *stdx509.Certificate) { c.Subject = pkix.Name{} })
	chain := ann(t)
	broken := []*stdx509.Certificate{{Extensions: []pkix.Extension{{Id: asn1.ObjectIdentifier{2, 5, 29, 17}, Value: []byte("a")}}}}
	takenBack := "!(user.extra['" + credentialID + "'][0] in ['X509SHA256=" + fingerprint(chain[0]) + "'])"
	rules := func(expression, message string) []certconfig.Rule {
		return []certconfig.Rule{{Expression: expression, Message: message}}
	}
	tests := []struct {
		name   string
		config certconfig.Config
		chain  []*stdx509.Certificate
		reason authn.Reason
		err    string
	}{
		{"no name", certconfig.Config{Username: name}, noName, authn.InvalidUser, "username: the user name is empty"},
		{"two names", certconfig.Config{Username: name}, twoNames, authn.InvalidUser, "username: more than one common name"},
		{"two names, looked at by a rule", certconfig.Config{Username: "cert.serial", CertificateValidationRules: rules("has(cert.subject.commonName)", "")}, twoNames, authn.RuleFailed, "certificateValidationRules[0]: more than one common name"},
		{"NUL", certconfig.Config{Username: `cert.serial + '\u0000'`}, chain, authn.InvalidUser, "username: the user name has the control character U+0000 at byte 2"},
		{"NUL in a DNS name", certconfig.Config{Username: "cert.sans.dnsNames[0]"}, hosts(t, "a\x00"), authn.InvalidUser, "username: the user name has the control character U+0000 at byte 1"},
		{"no such name", certconfig.Config{Username: "cert.sans.uris[1]"}, chain, authn.InvalidUser, "username: index out of bounds: 1"},
		{"no names", certconfig.Config{Username: "cert.sans.dnsNames[0]"}, hosts(t), authn.InvalidUser, "username: index out of bounds: 0"},
		{"names that are none", certconfig.Config{Username: "cert.sans.dnsNames[0]"}, broken, authn.InvalidUser, "username: the subject alternative names cannot be read"},
		{"a number", certconfig.Config{Username: "dyn(1)"}, chain, authn.InvalidUser, "username: the expression must return a string"},
		{"groups of numbers", certconfig.Config{Username: name, Groups: "dyn([1])"}, chain, authn.InvalidUser, "groups: the expression must return a string or a list of strings"},
		{"groups of no type", certconfig.Config{Username: name, Groups: "dyn(true)"}, chain, authn.InvalidUser, "groups: the expression must return a string or a list of strings"},
		{"uid", certconfig.Config{Username: name, UID: "cert.sans.uris[7]"}, chain, authn.InvalidUser, "uid: index out of bounds: 7"},
		{"extra", certconfig.Config{Username: name, Extra: []certconfig.Extra{{Key: "a.example/a", ValueExpression: "'a'"}, {Key: "a.example/b", ValueExpression: "dyn({})"}}}, chain, authn.InvalidUser, "extra[1].valueExpression: the expression must return a string or a list of strings"},
		{"rule", certconfig.Config{Username: name, CertificateValidationRules: rules("cert.sans.dnsNames.size() == 1", "one DNS name, please")}, chain, authn.RuleFailed, `certificateValidationRules[0]: one DNS name, please ("cert.sans.dnsNames.size() == 1" is false)`},
		{"rule without a message", certconfig.Config{Username: name, CertificateValidationRules: rules("cert.serial == ''", "")}, chain, authn.RuleFailed, `certificateValidationRules[0]: not so ("cert.serial == ''" is false)`},
		{"rule with an error", certconfig.Config{Username: name, CertificateValidationRules: rules("cert.sans.ips[2] == ''", "no")}, chain, authn.RuleFailed, "certificateValidationRules[0]: index out of bounds: 2"},
		{"rule before the name", certconfig.Config{Username: name, CertificateValidationRules: rules("cert.serial == ''", "no")}, noName, authn.RuleFailed, `certificateValidationRules[0]: no ("cert.serial == ''" is false)`},
		{"second rule", certconfig.Config{Username: name, CertificateValidationRules: []certconfig.Rule{{Expression: "true"}, {Expression: "false", Message: "never"}}}, chain, authn.RuleFailed, `certificateValidationRules[1]: never ("false" is false)`},
		{"user rule", certconfig.Config{Username: "'system:' + " + name, UserValidationRules: rules("!user.username.startsWith('system:')", "not the system's")}, chain, authn.RuleFailed, `userValidationRules[0]: not the system's ("!user.username.startsWith('system:')" is false)`},
		{"user rule over groups", certconfig.Config{Username: name, Groups: "cert.subject.organizations", UserValidationRules: rules("user.groups.all(g, g != 'ops')", "")}, chain, authn.RuleFailed, `userValidationRules[0]: not so ("user.groups.all(g, g != 'ops')" is false)`},
		{"user rule over the credential ID", certconfig.Config{Username: name, UserValidationRules: rules(takenBack, "taken back")}, chain, authn.RuleFailed,
			"userValidationRules[0]: taken back (" + strconv.Quote(takenBack[:128]) + "… is false)"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			requireRefused(t, newMapping(t, tt.config), tt.chain, tt.reason, tt.err)
		})
	}
}

// Whoever changes a user that came out changes nobody else's.
func TestNothingShared(t *testing.T) {
	chain := ann(t)
	m := newMapping(t, certconfig.Config{Username: "cert.serial", Groups: "cert.subject.organizations", Extra: []certconfig.Extra{{Key: "a.example/a", ValueExpression: "['x']"}}})
	first, _, err := m.User(chain)
	require.NoError(t, err)
	first.User.GetGroups()[0] = "system:masters"
	first.User.GetExtra()["a.example/a"][0] = "y"
	first.User.GetExtra()[credentialID][0] = "other"
	second, _, err := m.User(chain)
	require.NoError(t, err)
	require.Equal(t, []string{"ops", "dev"}, second.User.GetGroups())
	require.Equal(t, map[string][]string{"a.example/a": {"x"}, credentialID: {"X509SHA256=" + fingerprint(chain[0])}}, second.User.GetExtra())
	require.Equal(t, []string{"ops", "dev"}, chain[0].Subject.Organization)
}

// A name may have what package pkix has no room for, such as another common name, and
// what comes first in it is not always the country.
func TestWholeName(t *testing.T) {
	chain := ann(t, func(c *stdx509.Certificate) {
		c.RawSubject = mustDER(t, pkix.RDNSequence{
			{{Type: asn1.ObjectIdentifier{2, 5, 4, 3}, Value: "admin"}},
			{{Type: asn1.ObjectIdentifier{2, 5, 4, 10}, Value: "ops"}},
			{{Type: asn1.ObjectIdentifier{2, 5, 4, 3}, Value: "ann"}},
			{{Type: asn1.ObjectIdentifier{2, 5, 4, 6}, Value: "SE"}},
		})
	})
	resp, ok, err := newMapping(t, certconfig.Config{Username: "cert.subject.text"}).User(chain)
	require.NoError(t, err)
	require.True(t, ok)
	require.Equal(t, "C=SE,CN=ann,O=ops,CN=admin", resp.User.GetName())
}

func mustDER(t testing.TB, v any) []byte {
	t.Helper()
	der, err := asn1.Marshal(v)
	require.NoError(t, err)
	return der
}
