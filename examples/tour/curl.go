package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/authnchain/authnchain/authn/authntest"
)

// printCurl writes the credentials of the rows that are for curl to files in
// the server's folder and prints the commands that use them.
func printCurl(w io.Writer, p *process, srv *server, rows []row) error {
	var text strings.Builder // printed once all files are there
	fmt.Fprintf(&text, "\nserving %s until Ctrl-C; from another terminal:\n\n", srv.url())
	for _, r := range rows {
		if r.file == "" {
			continue
		}
		args, err := r.writeFiles(p, srv.dir)
		if err != nil {
			return err
		}
		fmt.Fprintf(&text, "  %s:\n    curl --cacert %s%s %s%s\n", r.credential, quote(srv.caFile), args, srv.url(), r.path)
	}
	text.WriteString("\nEvery request that is refused is explained here. The files go when the server does.\n\n")
	_, err := io.WriteString(w, text.String())
	return err
}

// writeFiles writes the credentials of a row to files of dir and returns the
// arguments for curl that name them.
func (r row) writeFiles(p *process, dir string) (args string, err error) {
	save := func(kind string, data []byte) (quoted string) {
		file := filepath.Join(dir, r.file+kind)
		if err == nil {
			err = os.WriteFile(file, data, 0o600)
		}
		return quote(file)
	}
	if r.cert != nil {
		args += " --cert " + save(".crt", authntest.CertificatePEM(r.cert)) + " --key " + save(".key", authntest.KeyPEM(p, r.cert))
	}
	if r.token != "" {
		args += ` -H "Authorization: Bearer $(cat ` + save(".token", []byte(r.token)) + `)"`
	}
	return args, err
}

// quote returns the name of a file as a shell takes it for one.
func quote(file string) string {
	return "'" + strings.ReplaceAll(file, "'", `'\''`) + "'"
}
