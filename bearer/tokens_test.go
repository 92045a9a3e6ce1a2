package bearer_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"
	"k8s.io/apiserver/pkg/authentication/token/tokenfile"
	"k8s.io/apiserver/pkg/authentication/user"

	"github.com/authnchain/authnchain/authn/authntest"
	"github.com/authnchain/authnchain/bearer"
)

// holder is who holds token, as a plain value, or nil.
func holder(t *testing.T, tokens *bearer.Tokens, token string) *user.DefaultInfo {
	t.Helper()
	resp, ok, err := tokens.AuthenticateToken(t.Context(), token)
	require.NoError(t, err)
	if !ok {
		require.Nil(t, resp)
		return nil
	}
	require.Empty(t, resp.Audiences)
	return &user.DefaultInfo{Name: resp.User.GetName(), UID: resp.User.GetUID(), Groups: resp.User.GetGroups(), Extra: resp.User.GetExtra()}
}

const goodFile = `t1,ann,7
t2,bob,8,ops

t3,"carl, the",,"ops,dev,system:masters"
"t""4",dora,"",""
t5,eve," 9 ",` + "\r\n" + `a-._~+/==,Ängström,ü,"a b,ü"`

func TestParseTokens(t *testing.T) {
	want := map[string]*user.DefaultInfo{
		"t1":        {Name: "ann", UID: "7"},
		"t2":        {Name: "bob", UID: "8", Groups: []string{"ops"}},
		"t3":        {Name: "carl, the", Groups: []string{"ops", "dev", "system:masters"}},
		`t"4`:       {Name: "dora"},
		"t5":        {Name: "eve", UID: " 9 "},
		"a-._~+/==": {Name: "Ängström", UID: "ü", Groups: []string{"a b", "ü"}},
	}
	for _, text := range []string{goodFile, goodFile + "\n", goodFile + "\n\n\r\n", strings.ReplaceAll(strings.ReplaceAll(goodFile, "\r", ""), "\n", "\r\n")} {
		tokens, err := bearer.ParseTokens(iotest.OneByteReader(strings.NewReader(text)))
		require.NoError(t, err)
		require.Equal(t, len(want), tokens.Len())
		for token, u := range want {
			require.Equal(t, u, holder(t, tokens, token), token)
		}
		for _, other := range []string{"", "t", "t11", "T1", "t1 ", "t1\n", `"t1"`, "ann", "t1,ann,7"} {
			require.Nil(t, holder(t, tokens, other), other)
		}
	}
	empty, err := bearer.ParseTokens(strings.NewReader(""))
	require.NoError(t, err)
	require.Zero(t, empty.Len())
	require.Nil(t, holder(t, empty, ""))
}

const notCarried = "the token has a blank, a control character or one that is not ASCII, which no Authorization header can carry"

func TestParseTokensRefuses(t *testing.T) {
	tests := []struct{ name, text, err string }{
		{"one column", "CANARY", "line 2: 1 columns, want at least 3: token,user,uid"},
		{"two columns", "CANARY,ann", "line 2: 2 columns, want at least 3: token,user,uid"},
		{"five columns", "CANARY,ann,7,ops,dev", `line 2: 5 columns, want at most 4: several groups are one column in quotes, "group1,group2"`},
		{"semicolons", "CANARY;ann;7", "line 2: 1 columns, want at least 3: token,user,uid"},
		{"a comment", "# CANARY", "line 2: 1 columns, want at least 3: token,user,uid"},
		{"blanks", "   ", "line 2: 1 columns, want at least 3: token,user,uid"},
		{"empty columns", ",,", "line 2: the user name is empty"},
		{"no token", ",ann,7", "line 2: the token is empty"},
		{"no user", "CANARY,,7", "line 2: the user name is empty"},
		{"control character in the user", "CANARY,a\tb,7", "line 2: the user name has the control character U+0009 at byte 1"},
		{"line break in the user", "CANARY,\"a\nb\",7", "line 2: the user name has the control character U+000A at byte 1"},
		{"user is not UTF-8", "CANARY,a\xff,7", "line 2: the user name is not valid UTF-8 at byte 1"},
		{"empty group", `CANARY,ann,7,"ops,,dev"`, "line 2: a group is empty"},
		{"empty group at the end", `CANARY,ann,7,"ops,"`, "line 2: a group is empty"},
		{"comma for groups", `CANARY,ann,7,","`, "line 2: a group is empty"},
		{"blank before the token", " CANARY,ann,7", "line 2: " + notCarried},
		{"blank after the token", "CANARY ,ann,7", "line 2: " + notCarried},
		{"blank in the token", "CAN CANARY,ann,7", "line 2: " + notCarried},
		{"tab in the token", "CAN\tCANARY,ann,7", "line 2: " + notCarried},
		{"line break in the token", "\"CAN\nCANARY\",ann,7", "line 2: " + notCarried},
		{"CR in the token", "CAN\rCANARY,ann,7", "line 2: " + notCarried},
		{"NUL in the token", "CANARY\x00,ann,7", "line 2: " + notCarried},
		{"not ASCII", "CANARYé,ann,7", "line 2: " + notCarried},
		{"not UTF-8", "CANARY\xff,ann,7", "line 2: " + notCarried},
		{"byte order mark", "\ufeffCANARY,ann,7", "line 2: a byte order mark; save the file without one"},
		{"a blank before the user", "CANARY, ann,7", "line 2: the user name begins or ends with a blank"},
		{"a blank after a group", `CANARY,ann,7,"a ,b"`, "line 2: a group begins or ends with a blank"},
		{"twice", "first,ann,7", `line 2: the same token as in line 1`},
		{"twice, quoted", `"first",root,0`, `line 2: the same token as in line 1`},
		{"twice, below", "CANARY,ann,7\n\nCANARY,bob,8", `line 4: the same token as in line 2`},
		{"below lines of a quoted field", "x,ann,\"1\n2\n3\"\nCANARY,bob", "line 5: 2 columns, want at least 3: token,user,uid"},
		{"bare quote", `CANARY"x,ann,7`, `parse error on line 2, column 7: bare " in non-quoted-field`},
		{"quote in a quoted field", `"CANARY"x,ann,7`, `parse error on line 2, column 8: extraneous or missing " in quoted-field`},
		{"open quote", "CANARY,ann,7,\"ops\nCANARY,bob,8", `record on line 2; parse error on line 4, column 11: extraneous or missing " in quoted-field`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tokens, err := bearer.ParseTokens(strings.NewReader("first,root,0\n" + tt.text + "\nlast,zoe,9"))
			require.Nil(t, tokens)
			require.EqualError(t, err, "bearer: tokens: "+tt.err)
			require.NotContains(t, err.Error(), "CANARY")
			require.NotContains(t, err.Error(), "first")
		})
	}
	_, err := bearer.ParseTokens(iotest.ErrReader(errors.New("disk on fire")))
	require.EqualError(t, err, "bearer: tokens: disk on fire")
}

func TestLoadTokens(t *testing.T) {
	dir := t.TempDir()
	good, bad, missing := filepath.Join(dir, "good.csv"), filepath.Join(dir, "bad.csv"), filepath.Join(dir, "missing.csv")
	require.NoError(t, os.WriteFile(good, []byte("t1,ann,7,\"ops,dev\"\n"), 0o600))
	require.NoError(t, os.WriteFile(bad, []byte("t1,ann,7\nCANARY,bob\n"), 0o600))

	tokens, err := bearer.LoadTokens(good)
	require.NoError(t, err)
	require.Equal(t, &user.DefaultInfo{Name: "ann", UID: "7", Groups: []string{"ops", "dev"}}, holder(t, tokens, "t1"))

	_, err = bearer.LoadTokens(bad)
	require.EqualError(t, err, "bearer: token file "+bad+": line 2: 2 columns, want at least 3: token,user,uid")
	_, err = bearer.LoadTokens(missing)
	require.EqualError(t, err, "bearer: token file: open "+missing+": no such file or directory")
	require.ErrorIs(t, err, os.ErrNotExist)
	_, err = bearer.LoadTokens(dir)
	require.ErrorContains(t, err, "bearer: token file "+dir+": ")
}

func TestNewTokens(t *testing.T) {
	shared := &user.DefaultInfo{Name: "ann", Groups: []string{"ops"}, Extra: map[string][]string{"k": {"v"}}}
	given := map[string]user.Info{"t1": shared, "t2": authntest.User("bob")}
	tokens, err := bearer.NewTokens(given)
	require.NoError(t, err)
	require.Equal(t, 2, tokens.Len())
	require.Equal(t, "tokens", tokens.String())

	shared.Groups[0], shared.Extra["k"] = "system:masters", nil
	delete(given, "t2")
	u := holder(t, tokens, "t1")
	require.Equal(t, &user.DefaultInfo{Name: "ann", Groups: []string{"ops"}, Extra: map[string][]string{"k": {"v"}}}, u)
	u.Groups[0] = "system:masters"
	require.Equal(t, []string{"ops"}, holder(t, tokens, "t1").Groups)
	require.NotNil(t, holder(t, tokens, "t2"))

	for token, want := range map[string]string{"": "the token is empty", "CANARY b": notCarried} {
		_, err = bearer.NewTokens(map[string]user.Info{token: shared})
		require.EqualError(t, err, `bearer: tokens: user "ann": `+want)
	}
	_, err = bearer.NewTokens(map[string]user.Info{"CANARY": authntest.User("a\n")})
	require.EqualError(t, err, `bearer: tokens: user "a\n": the user name has the control character U+000A at byte 1`)
	_, err = bearer.NewTokens(map[string]user.Info{"CANARY": nil})
	require.EqualError(t, err, "bearer: tokens: a user is nil")
}

// Only digests are kept.
func TestTokensHoldNoToken(t *testing.T) {
	tokens, err := bearer.ParseTokens(strings.NewReader("CANARY-1,ann,7,\"ops,dev\"\nCANARY-2,bob,8\n"))
	require.NoError(t, err)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
		text := fmt.Sprintf(verb+" "+verb, tokens, *tokens)
		require.NotContains(t, text, "CANARY")
		require.NotContains(t, text, fmt.Sprintf("%x", "CANARY"))
	}
}

// A file that both take means the same to kube-apiserver, but for the empty
// column, in which it sees a group without a name.
func TestTokenFileParity(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tokens.csv")
	require.NoError(t, os.WriteFile(path, []byte(goodFile), 0o600))
	upstream, err := tokenfile.NewCSV(path)
	require.NoError(t, err)
	ours, err := bearer.LoadTokens(path)
	require.NoError(t, err)
	for _, token := range []string{"t1", "t2", "t3", `t"4`, "t5", "a-._~+/==", "t6", ""} {
		want, ok, err := upstream.AuthenticateToken(t.Context(), token)
		require.NoError(t, err)
		got := holder(t, ours, token)
		require.Equal(t, ok, got != nil, token)
		if !ok {
			continue
		}
		if token == `t"4` || token == "t5" {
			require.Equal(t, []string{""}, want.User.GetGroups())
			require.Empty(t, got.Groups)
			got.Groups = []string{""}
		}
		require.Equal(t, want.User, got, token)
	}
}
