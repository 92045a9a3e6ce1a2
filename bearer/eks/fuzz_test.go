package eks_test

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/bearer/eks"
)

// No token leads elsewhere than to a host that is listed, as package net/url reads it
// too, nor to anything but the one action.
func FuzzToken(f *testing.F) {
	good := request{key: admin}.url()
	for _, seed := range []string{
		good, request{key: bob}.url(), request{key: bob, host: "sts.amazonaws.com"}.url(), "", "https://" + host + "/?",
		strings.Replace(good, host, host+".evil.example", 1), strings.Replace(good, host, host+"@evil.example", 1),
		strings.Replace(good, host+"/", host+":443/", 1), strings.Replace(good, "%3B", ";", 1), good + "#", good + "&Action=AssumeRole",
		strings.Replace(good, "Expires=60", "Expires=1e3", 1), good + "%0D%0A",
	} {
		f.Add(seed, false)
		f.Add(token(seed), true)
	}
	f.Fuzz(func(t *testing.T, text string, whole bool) {
		if whole {
			text = eks.Prefix + strings.TrimPrefix(text, eks.Prefix)
		} else {
			text = token(text)
		}
		where, made, err := eks.ParseToken(text, host, "sts.amazonaws.com")
		if err != nil {
			require.LessOrEqual(t, len(err.Error()), 512)
			return
		}
		require.Equal(t, token(where), text, "another spelling")
		u, err := url.Parse(where)
		require.NoError(t, err)
		require.Contains(t, []string{host, "sts.amazonaws.com"}, u.Host)
		require.Equal(t, where, u.String())
		query, err := url.ParseQuery(u.RawQuery)
		require.NoError(t, err)
		require.Equal(t, "/", u.Path)
		require.Nil(t, u.User)
		require.Empty(t, u.Fragment)
		require.Equal(t, "https", u.Scheme)
		for name, values := range query {
			require.Len(t, values, 1, name)
		}
		require.LessOrEqual(t, len(query), 9)
		require.Equal(t, "GetCallerIdentity", query.Get("Action"))
		require.Equal(t, "host;x-k8s-aws-id", query.Get("X-Amz-SignedHeaders"))
		require.Equal(t, time.Unix(made, 0).UTC().Format("20060102T150405Z"), query.Get("X-Amz-Date"))
	})
}

// What is read of an answer is what encoding/json reads of it, and names somebody.
func FuzzIdentity(f *testing.F) {
	for _, k := range []key{bob, admin} {
		f.Add([]byte(identity(k.account, k.arn, k.userID)))
	}
	f.Add([]byte(identity("111122223333", "arn:aws:iam::111122223333:root", "111122223333")))
	f.Add([]byte(identity("111122223333", "arn:aws:sts::111122223333:federated-user/Bob", "111122223333:Bob")))
	f.Add([]byte(jsonError("Throttling", "Rate exceeded")))
	f.Add([]byte(`{"GetCallerIdentityResponse":{"GetCallerIdentityResult":{"Arn":7}}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		id, err := eks.ParseIdentity(body)
		if err != nil {
			require.LessOrEqual(t, len(err.Error()), 2048)
			return
		}
		var all map[string]map[string]json.RawMessage
		require.NoError(t, json.Unmarshal(body, &all))
		var result map[string]any
		require.NoError(t, json.Unmarshal(all["GetCallerIdentityResponse"]["GetCallerIdentityResult"], &result))
		require.Equal(t, result["Account"], id.Account)
		require.Equal(t, result["Arn"], id.ARN)
		whole := id.UserID
		if id.SessionName != "" {
			whole += ":" + id.SessionName
		}
		require.Equal(t, result["UserId"], whole)
		require.NoError(t, authn.CheckName(id.CanonicalARN))
		require.Contains(t, id.CanonicalARN, ":"+id.Account+":")
	})
}

func FuzzARN(f *testing.F) {
	for _, seed := range []string{
		"arn:aws:iam::111122223333:root", "arn:aws:iam::111122223333:user/division/Bob", "arn:aws-cn:iam::111122223333:role/Admin",
		"arn:aws:sts::111122223333:federated-user/Bob", "arn:aws:sts::111122223333:assumed-role/Admin/jane@example.com", "arn:aws:s3:::bucket", "arn::::::",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		a, err := eks.ParseARN(text)
		if err != nil {
			require.LessOrEqual(t, len(err.Error()), 512)
			return
		}
		if a.Session == "" {
			require.Equal(t, text, a.String())
		}
		again, err := eks.ParseARN(a.String())
		require.NoError(t, err)
		a.Session = ""
		require.Equal(t, a, again)
		require.NoError(t, authn.CheckName(a.String()))
	})
}

// A code is a word.
func FuzzError(f *testing.F) {
	f.Add([]byte(jsonError("SignatureDoesNotMatch", "Signature expired: 20261124T120000Z")))
	f.Add([]byte(xmlError("ExpiredToken", "…")))
	f.Add([]byte(`<!DOCTYPE x [<!ENTITY e "ExpiredToken">]><ErrorResponse><Error><Code>&e;</Code></Error></ErrorResponse>`))
	f.Add([]byte("<html>Forbidden</html>"))
	f.Fuzz(func(t *testing.T, body []byte) {
		code, message, err := eks.ParseError(body)
		if err != nil {
			require.Empty(t, code+message)
			return
		}
		require.Regexp(t, `^[A-Za-z.]{1,64}$`, code)
	})
}
