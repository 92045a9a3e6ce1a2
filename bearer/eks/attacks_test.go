package eks_test

import (
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/bearer/eks"
)

const (
	badHost  = `not "https://", the name of a host, and "/"`
	badPath  = `the path is not "/"`
	escaping = "has what must be escaped, or a bad escape"
	needless = "escapes what need not be, or may not be there"
)

// Nothing but the request that is expected has this server open a connection.
func TestAttacks(t *testing.T) {
	s := newSTS(t)
	a := s.authenticator()
	good := request{key: admin}.url()
	first := func(from, to string) string {
		require.Contains(t, good, from)
		return strings.Replace(good, from, to, 1)
	}
	at := func(to string) string { return first("https://"+host+"/?", to) }
	without := func(name string) string {
		before, after, _ := strings.Cut(good, name+"=")
		_, after, _ = strings.Cut(after, "&")
		return strings.TrimSuffix(before+after, "&")
	}
	set := func(name, value string) string {
		before, after, ok := strings.Cut(good, name+"=")
		require.True(t, ok)
		_, after, more := strings.Cut(after, "&")
		if more {
			after = "&" + after
		}
		return before + name + "=" + value + after
	}
	foreign := func(host string) string { return `host "` + host + `": not among those that may be asked` }
	none := func(n string) string { return "parameter " + n + " is none that such a request has" }

	tests := []struct{ name, url, err string }{
		// Where to.
		{"plain http", at("http://" + host + "/?"), "not an https URL"},
		{"HTTPS in capitals", at("HTTPS://" + host + "/?"), "not an https URL"},
		{"file", at("file:///etc/passwd?"), "not an https URL"},
		{"no scheme", at("//" + host + "/?"), "not an https URL"},
		{"a blank before", " " + good, "not an https URL"},
		{"empty", "", "not an https URL"},
		{"metadata", at("https://169.254.169.254/?"), badHost},
		{"a region that is not listed", at("https://sts.us-east-1.amazonaws.com/?"), foreign("sts.us-east-1.amazonaws.com")},
		{"another service", at("https://ec2.eu-west-1.amazonaws.com/?"), foreign("ec2.eu-west-1.amazonaws.com")},
		{"a bucket", at("https://sts.eu-west-1.amazonaws.com.s3.amazonaws.com/?"), foreign("sts.eu-west-1.amazonaws.com.s3.amazonaws.com")},
		{"with more behind", at("https://" + host + ".evil.example/?"), foreign(host + ".evil.example")},
		{"with more before", at("https://evil" + host + "/?"), foreign("evil" + host)},
		{"a label before", at("https://evil." + host + "/?"), foreign("evil." + host)},
		{"another domain", at("https://evil.example/?"), foreign("evil.example")},
		{"internal", at("https://kubernetes.default.svc/?"), foreign("kubernetes.default.svc")},
		{"loopback", at("https://localhost/?"), badHost},
		{"a user", at("https://" + host + "@evil.example/?"), badHost},
		{"a user and a password", at("https://a:b@" + host + "/?"), badHost},
		{"an empty user", at("https://@" + host + "/?"), badHost},
		{"the port", at("https://" + host + ":443/?"), badHost},
		{"another port", at("https://" + host + ":8443/?"), badHost},
		{"an empty port", at("https://" + host + ":/?"), badHost},
		{"a dot behind", at("https://" + host + "./?"), badHost},
		{"two dots", at("https://sts..eu-west-1.amazonaws.com/?"), badHost},
		{"capitals", at("https://STS.eu-west-1.amazonaws.com/?"), badHost},
		{"an escaped dot", at("https://sts%2Eeu-west-1.amazonaws.com/?"), badHost},
		{"an escaped NUL", at("https://" + host + "%00.evil.example/?"), badHost},
		{"NUL", at("https://" + host + "\x00.evil.example/?"), badHost},
		{"another alphabet", at("https://stѕ.eu-west-1.amazonaws.com/?"), badHost},
		{"a full stop of another alphabet", at("https://sts。eu-west-1.amazonaws.com/?"), badHost},
		{"punycode", at("https://xn--st-xkc.eu-west-1.amazonaws.com/?"), foreign("xn--st-xkc.eu-west-1.amazonaws.com")},
		{"IPv6", at("https://[::1]/?"), badHost},
		{"IPv6 with a zone", at("https://[fe80::1%25eth0]/?"), badHost},
		{"a decimal address", at("https://2130706433/?"), badHost},
		{"a hexadecimal address", at("https://0x7f.0.0.1/?"), badHost},
		{"no host", at("https:///?"), badHost},
		{"a backslash", at("https://" + host + `\@evil.example/?`), badHost},
		{"a backslash for a slash", at("https:/\\" + host + "/?"), "not an https URL"},
		{"a line feed", at("https://" + host + "\n/?"), badHost},
		{"a tab", at("https://sts\t.eu-west-1.amazonaws.com/?"), badHost},
		{"a question mark for the path", at("https://" + host + "?"), badHost},
		{"a fragment for the path", at("https://" + host + "#/?"), badHost},
		{"a semicolon", at("https://" + host + ";evil.example/?"), badHost},
		// The path.
		{"another path", at("https://" + host + "/x?"), badPath},
		{"two slashes", at("https://" + host + "//?"), badPath},
		{"a dot for the path", at("https://" + host + "/.?"), badPath},
		{"up and down", at("https://" + host + "/x/..?"), badPath},
		{"an escaped slash", at("https://" + host + "/%2F?"), badPath},
		{"a path's parameter", at("https://" + host + "/;a=b?"), badPath},
		{"no query", "https://" + host + "/", badPath},
		{"a host in the path", at("https://" + host + "//evil.example/?"), badPath},
		// The parameters.
		{"an empty query", "https://" + host + "/?", none("1")},
		{"two question marks", at("https://" + host + "/??"), none("1")},
		{"another parameter", good + "&X-Amz-Content-Sha256=UNSIGNED-PAYLOAD", none("10")},
		{"another action's parameter", good + "&RoleArn=arn%3Aaws%3Aiam%3A%3A111122223333%3Arole%2FAdmin", none("10")},
		{"an empty parameter", good + "&", none("10")},
		{"an empty parameter first", at("https://" + host + "/?&"), none("1")},
		{"a semicolon for an ampersand", first("&Version", ";Version"), "Action: " + escaping},
		{"a fragment", good + "#", "X-Amz-Signature: " + escaping},
		{"a fragment with a request", good + "#&Action=AssumeRole", "X-Amz-Signature: " + escaping},
		{"a line feed behind", good + "\n", "X-Amz-Signature: " + escaping},
		{"a second request", good + " HTTP/1.1\r\nHost: evil.example\r\n\r\n", "X-Amz-Signature: " + escaping},
		{"another action", set("Action", "AssumeRole"), `Action: not "GetCallerIdentity"`},
		{"another case of the action", set("Action", "getCallerIdentity"), `Action: not "GetCallerIdentity"`},
		{"an escaped action", set("Action", "%47etCallerIdentity"), "Action: " + needless},
		{"no action", without("Action"), "Action: missing"},
		{"an empty action", set("Action", ""), "Action: missing"},
		{"two actions", good + "&Action=AssumeRole", "Action: there twice"},
		{"two actions, the same", good + "&Action=GetCallerIdentity", "Action: there twice"},
		{"two actions in two cases", good + "&action=AssumeRole", none("10")},
		{"the action in small letters", first("Action=", "action="), none("1")},
		{"an escaped name", first("Action=", "%41ction="), none("1")},
		{"a blank in a name", first("Action=", "Action%20="), none("1")},
		{"another version", set("Version", "2010-05-08"), `Version: not "2011-06-15"`},
		{"no version", without("Version"), "Version: missing"},
		{"another algorithm", set("X-Amz-Algorithm", "AWS4-ECDSA-P256-SHA256"), `X-Amz-Algorithm: not "AWS4-HMAC-SHA256"`},
		{"no algorithm", without("X-Amz-Algorithm"), "X-Amz-Algorithm: missing"},
		{"no signature", without("X-Amz-Signature"), "X-Amz-Signature: missing"},
		{"a short signature", good[:len(good)-1], "X-Amz-Signature: not 64 hexadecimal digits"},
		{"a long signature", good + "0", "X-Amz-Signature: not 64 hexadecimal digits"},
		{"a signature in capitals", set("X-Amz-Signature", strings.Repeat("A", 64)), "X-Amz-Signature: not 64 hexadecimal digits"},
		{"an empty session token", set("X-Amz-Security-Token", ""), "X-Amz-Security-Token: empty"},
		{"two session tokens", good + "&X-Amz-Security-Token=a", "X-Amz-Security-Token: there twice"},
		{"a line feed in the session token", set("X-Amz-Security-Token", "a%0Ab"), "X-Amz-Security-Token: " + needless},
		{"a session token in UTF-8", set("X-Amz-Security-Token", "%C3%A9"), "X-Amz-Security-Token: " + needless},
		// The headers.
		{"the cluster is not signed", set("X-Amz-SignedHeaders", "host"), `X-Amz-SignedHeaders: not "host;x-k8s-aws-id"`},
		{"the host is not signed", set("X-Amz-SignedHeaders", "x-k8s-aws-id"), `X-Amz-SignedHeaders: not "host;x-k8s-aws-id"`},
		{"nothing is signed", set("X-Amz-SignedHeaders", ""), "X-Amz-SignedHeaders: missing"},
		{"another header is signed", set("X-Amz-SignedHeaders", "accept%3Bhost%3Bx-k8s-aws-id"), `X-Amz-SignedHeaders: not "host;x-k8s-aws-id"`},
		{"another order", set("X-Amz-SignedHeaders", "x-k8s-aws-id%3Bhost"), `X-Amz-SignedHeaders: not "host;x-k8s-aws-id"`},
		{"another case of the header", set("X-Amz-SignedHeaders", "host%3BX-K8s-Aws-Id"), `X-Amz-SignedHeaders: not "host;x-k8s-aws-id"`},
		{"a header whose name has the cluster's in it", set("X-Amz-SignedHeaders", "host%3Bx-k8s-aws-ids"), `X-Amz-SignedHeaders: not "host;x-k8s-aws-id"`},
		{"a header of one's own", set("X-Amz-SignedHeaders", "host%3Bx-k8s-aws-id%0D%0AX-Evil%3A1"), "X-Amz-SignedHeaders: " + needless},
		{"a semicolon that is not escaped", set("X-Amz-SignedHeaders", "host;x-k8s-aws-id"), "X-Amz-SignedHeaders: " + escaping},
		{"an escape in small letters", set("X-Amz-SignedHeaders", "host%3bx-k8s-aws-id"), "X-Amz-SignedHeaders: " + escaping},
		{"a plus for a blank", set("X-Amz-SignedHeaders", "host%3Bx-k8s-aws-id+"), "X-Amz-SignedHeaders: " + escaping},
		{"half an escape", set("X-Amz-SignedHeaders", "host%3Bx-k8s-aws-id%2"), "X-Amz-SignedHeaders: " + escaping},
		{"no escape", set("X-Amz-SignedHeaders", "host%3Bx-k8s-aws-id%ZZ"), "X-Amz-SignedHeaders: " + escaping},
		// The credential.
		{"no credential", without("X-Amz-Credential"), "X-Amz-Credential: missing"},
		{"a credential of another service", first("%2Fsts%2F", "%2Fiam%2F"), "X-Amz-Credential: not the id of a key, a day, a region, sts and aws4_request"},
		{"a credential of another kind", first("aws4_request", "aws5_request"), "X-Amz-Credential: not the id of a key, a day, a region, sts and aws4_request"},
		{"a credential of another day", first("20261124%2F", "20261123%2F"), "X-Amz-Credential: of another day than X-Amz-Date"},
		{"a short key", first("ASIAIOSFODNN7EXAMPLE", "ASIAIOSFODNN7EX"), "X-Amz-Credential: not the id of a key, a day, a region, sts and aws4_request"},
		{"a key with a quote", first("ASIAIOSFODNN7EXAMPLE", "ASIAIOSFODNN7%22EXAMPLE"), "X-Amz-Credential: not the id of a key, a day, a region, sts and aws4_request"},
		{"more behind the credential", first("aws4_request", "aws4_request%2Fx"), "X-Amz-Credential: not the id of a key, a day, a region, sts and aws4_request"},
		// The time.
		{"expires 00", set("X-Amz-Expires", "00"), "X-Amz-Expires: not a number from 0 to 900"},
		{"expires 901", set("X-Amz-Expires", "901"), "X-Amz-Expires: not a number from 0 to 900"},
		{"expires -1", set("X-Amz-Expires", "-1"), "X-Amz-Expires: not a number from 0 to 900"},
		{"expires 1e3", set("X-Amz-Expires", "1e3"), "X-Amz-Expires: not a number from 0 to 900"},
		{"expires 060", set("X-Amz-Expires", "060"), "X-Amz-Expires: not a number from 0 to 900"},
		{"expires +60", set("X-Amz-Expires", "%2B60"), "X-Amz-Expires: not a number from 0 to 900"},
		{"expires 60.0", set("X-Amz-Expires", "60.0"), "X-Amz-Expires: not a number from 0 to 900"},
		{"expires 2^64+60", set("X-Amz-Expires", "18446744073709551676"), "X-Amz-Expires: not a number from 0 to 900"},
		{"no expiry", without("X-Amz-Expires"), "X-Amz-Expires: missing"},
		{"no date", without("X-Amz-Date"), "X-Amz-Date: missing"},
		{"a date with a zone", set("X-Amz-Date", "20261124T120000%2B01"), "X-Amz-Date: not a time such as 20060102T150405Z"},
		{"a date with a fraction", set("X-Amz-Date", "20261124T120000.5Z"), "X-Amz-Date: not a time such as 20060102T150405Z"},
		{"a date of RFC 3339", set("X-Amz-Date", "2026-11-24T12%3A00%3A00Z"), "X-Amz-Date: not a time such as 20060102T150405Z"},
		{"a date that is none", set("X-Amz-Date", "20261324T120000Z"), "X-Amz-Date: not a time such as 20060102T150405Z"},
	}
	require.GreaterOrEqual(t, len(tests), 60)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			require.Equal(t, "eks: "+tt.err, refused(t, a, token(tt.url), authn.Malformed))
		})
	}
	dialled, _ := s.seen()
	require.Empty(t, dialled)
	accepted(t, a, token(good)) // so that it was not for another reason
}

// A token is written in one way.
func TestEncodings(t *testing.T) {
	s := newSTS(t)
	a := s.authenticator(func(_ *eks.Config, o *eks.Options) { o.MaxBytes = 1000 })
	url := request{key: bob}.url()
	url = url[:len(url)-(len(url)-1)%3] // so that four bits are left over
	good := token(url)
	encoded := good[len(eks.Prefix):]
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	last := strings.IndexByte(letters, good[len(good)-1])
	const notBase64 = "eks: not base64url without padding (RFC 4648, section 5)"
	tests := []struct{ name, token, err string }{
		{"padding", good + "==", notBase64},
		{"one padding", good + "=", notBase64},
		{"stray bits", good[:len(good)-1] + string(letters[last+1]), notBase64},
		{"one character more", good + "A" + "A" + "A", notBase64},
		{"the other alphabet", eks.Prefix + base64.RawStdEncoding.EncodeToString([]byte("https://"+host+"/??>>??>>")), notBase64},
		{"a line feed inside", eks.Prefix + encoded[:8] + "\n" + encoded[8:], notBase64},
		{"a carriage return behind", good + "\r", notBase64},
		{"a blank", eks.Prefix + " " + encoded, notBase64},
		{"a dot", eks.Prefix + "." + encoded, notBase64},
		{"the prefix twice", eks.Prefix + good, notBase64},
		{"not encoded", eks.Prefix + url, notBase64},
		{"encoded twice", eks.Prefix + base64.RawURLEncoding.EncodeToString([]byte(encoded)), "eks: not an https URL"},
		{"the token inside", token(good), "eks: not an https URL"},
		{"nothing", eks.Prefix, "eks: not an https URL"},
		{"too long", eks.Prefix + strings.Repeat("A", 990), "eks: 1001 bytes, more than 1000"},
		{"1 MiB", eks.Prefix + strings.Repeat("A", 1<<20), "eks: 1048587 bytes, more than 1000"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { require.Equal(t, tt.err, refused(t, a, tt.token, authn.Malformed)) })
	}
	dialled, _ := s.seen()
	require.Empty(t, dialled)
	accepted(t, a, request{key: bob}.token())
	long := request{key: key{id: bob.id, secret: "x", security: strings.Repeat("a", 3000)}}.token()
	require.Equal(t, "eks: 4522 bytes, more than 4096", refused(t, s.authenticator(), long, authn.Malformed))
}

// A date far off opens no connection either, whatever it is.
func TestDates(t *testing.T) {
	s := newSTS(t)
	a := s.authenticator()
	for _, at := range []time.Time{
		noon.Add(-15 * time.Minute), noon.AddDate(0, 0, -1), noon.AddDate(-100, 0, 0), time.Date(1, 1, 1, 0, 0, 1, 0, time.UTC),
	} {
		refused(t, a, request{key: bob, at: at}.token(), authn.Expired)
	}
	for _, at := range []time.Time{noon.Add(5*time.Minute + time.Second), noon.AddDate(0, 0, 1), noon.AddDate(1000, 0, 0), time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC)} {
		refused(t, a, request{key: bob, at: at}.token(), authn.NotYetValid)
	}
	dialled, _ := s.seen()
	require.Empty(t, dialled)
}
