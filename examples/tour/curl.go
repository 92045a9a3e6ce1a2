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
	caFile := srv.caFile
	if filepath.Dir(caFile) == srv.dir {
		caFile = filepath.Base(caFile)
	}
	fmt.Fprintf(w, "\nserving %s until Ctrl-C; from another terminal:\n\n    cd %s\n", srv.url(), quote(srv.dir))
	for _, r := range rows {
		if r.file == "" {
			continue
		}
		args, err := r.writeFiles(p, srv.dir)
		if err != nil {
			return err
		}
		fmt.Fprintf(w, "  %s:\n    curl --cacert %s%s %s%s\n", r.credential, quote(caFile), args, srv.url(), r.path)
	}
	fmt.Fprint(w, "\nEvery request that is refused is explained here. The folder goes when the server does.\n\n")
	return nil
}

// writeFiles writes the credentials of a row to files of dir and returns the
// arguments for curl that name them.
func (r row) writeFiles(p *process, dir string) (args string, err error) {
	save := func(file string, data []byte) {
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, file), data, 0o600)
		}
	}
	if r.cert != nil {
		save(r.file+".crt", authntest.CertificatePEM(r.cert))
		save(r.file+".key", authntest.KeyPEM(p, r.cert))
		args += fmt.Sprintf(" --cert %s.crt --key %[1]s.key", r.file)
	}
	if r.token != "" {
		save(r.file+".token", []byte(r.token))
		args += fmt.Sprintf(` -H "Authorization: Bearer $(cat %s.token)"`, r.file)
	}
	return args, err
}

// quote returns the name of a file as a shell takes it for one.
func quote(file string) string {
	return "'" + strings.ReplaceAll(file, "'", `'\''`) + "'"
}
